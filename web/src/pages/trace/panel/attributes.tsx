import { Filter, FilterX } from "lucide-react";
import { Fragment, type ReactNode, useState } from "react";
import { Link } from "react-router";
import { classes } from "../../../shared/classes";
import {
  type AttributeScope,
  attributeCondition,
  excluding,
  including,
} from "../../../shared/traceql";
import { CopyButton } from "../../../shared/ui/copy-button";
import type { Attribute, Attributes } from "../span";
import styles from "./attributes.module.css";
import { attributesWith, typeName, valueText } from "./values";

interface AttributeListProps {
  scope: AttributeScope;
  attributes: Attributes;
  /** Only those with this text. */
  search: string;
  hrefOf: (query: string) => string;
}

/** A value of more than this is folded. */
const FOLDED = 600;

export function AttributeList({
  scope,
  attributes,
  search,
  hrefOf,
}: AttributeListProps): ReactNode {
  const shown = attributesWith(attributes.list, search);
  return (
    <>
      {shown.length > 0 ? (
        <dl className={styles.list}>
          {shown.map((attribute, at) => (
            <AttributeRow
              // biome-ignore lint/suspicious/noArrayIndexKey: a key can be there twice
              key={`${attribute.key} ${at}`}
              scope={scope}
              attribute={attribute}
              hrefOf={hrefOf}
            />
          ))}
        </dl>
      ) : (
        <p className={styles.none}>{noneOf(attributes, search)}</p>
      )}
      {attributes.cuts.map(({ what, bytes }) => (
        <p key={what} className={styles.note}>
          Clew cut <b>{what}</b>, which was {bytes.toLocaleString("en")} bytes long.
        </p>
      ))}
      {attributes.dropped > 0 ? (
        <p className={styles.note}>
          {attributes.dropped.toLocaleString("en")} more were dropped before they were stored.
        </p>
      ) : null}
    </>
  );
}

function noneOf({ list }: Attributes, search: string): string {
  return list.length === 0 ? "None were sent." : `None of ${list.length} has “${search.trim()}”.`;
}

interface AttributeRowProps {
  scope: AttributeScope;
  attribute: Attribute;
  hrefOf: (query: string) => string;
}

function AttributeRow({ scope, attribute: { key, value }, hrefOf }: AttributeRowProps): ReactNode {
  const text = valueText(value);
  const condition = attributeCondition(scope, key, value);
  return (
    <div className={styles.row}>
      <dt className={styles.key}>{key === "" ? "(empty key)" : <Breakable text={key} />}</dt>
      <dd className={styles.value}>
        <Value text={text} type={typeName(value)} />
        <span className={styles.actions}>
          <CopyButton text={text} label={`Copy ${key}`} />
          {condition === null ? null : (
            <>
              <Link
                className={styles.action}
                to={hrefOf(including(condition))}
                title="Find spans with this"
                aria-label={`Find spans with this ${key}`}
              >
                <Filter size={13} />
              </Link>
              <Link
                className={styles.action}
                to={hrefOf(excluding(condition))}
                title="Find spans without this"
                aria-label={`Find spans without this ${key}`}
              >
                <FilterX size={13} />
              </Link>
            </>
          )}
        </span>
      </dd>
    </div>
  );
}

/** Breaks at its dots, not within a word. */
function Breakable({ text }: { text: string }): ReactNode {
  return text.split(/(?<=[._/])/).map((part, at) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: the parts of a text have no other identity
    <Fragment key={at}>
      {at === 0 ? null : <wbr />}
      {part}
    </Fragment>
  ));
}

function Value({ text, type }: { text: string; type: string }): ReactNode {
  const [open, setOpen] = useState(false);
  const long = text.length > FOLDED;
  const shown = long && !open ? `${text.slice(0, FOLDED)}…` : text;
  return (
    <span className={styles.text}>
      <span className={classes(styles.shown, styles[type])} title={type}>
        {shown}
      </span>
      {text === "" ? <span className={styles.type}>{type}, empty</span> : null}
      {long ? (
        <button type="button" className={styles.more} onClick={() => setOpen(!open)}>
          {open ? "Show less" : `Show all ${text.length.toLocaleString("en")} characters`}
        </button>
      ) : null}
    </span>
  );
}
