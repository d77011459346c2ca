import { Dialog } from "@base-ui/react/dialog";
import { SlidersHorizontal } from "lucide-react";
import { lazy, type ReactNode, Suspense, useRef, useState } from "react";
import { ApiError } from "../../api/client";
import { useBounds, useTimeRange } from "../../route/time";
import { useUrlState } from "../../route/url";
import { useShortcut } from "../../shared/shortcuts";
import { Button } from "../../shared/ui/button";
import { Page } from "../../shell/page";
import { TimeControls } from "../../shell/time-controls";
import { withRegion } from "./asked";
import { QueryBar } from "./bar/query-bar";
import styles from "./explorer-page.module.css";
import { Filters } from "./filters/filters";
import { useMedia } from "./media";
import { parseQuery } from "./query/parse";
import { type Region, regionCodec } from "./region";
import { Results } from "./results/results";
import { queryCodec } from "./state";
import { isBoolean, useStored } from "./stored";

const Overview = lazy(async () => ({ default: (await import("./overview")).Overview }));

const NARROW = "(max-width: 899px)";

/** Traces by query, filters and time: what came in, how it was, and what differs. */
export function ExplorerPage(): ReactNode {
  const [query, setQuery] = useUrlState(queryCodec);
  const [region, setRegion] = useUrlState(regionCodec);
  const [wide, setWide] = useStored("clew.explorer.filters", true, isBoolean);
  const [drawer, setDrawer] = useState(false);
  const [trouble, setTrouble] = useState<unknown>(null);
  const bounds = useBounds();
  const scroller = useRef<HTMLDivElement>(null);
  const narrow = useMedia(NARROW);
  // The address follows when there is time to draw it all; what was clicked shows at once.
  const [ahead, setAhead] = useState({ of: query, text: query });
  const shown = ahead.of === query ? ahead.text : query;
  const ask = (next: string) => {
    setAhead({ of: query, text: next });
    setQuery(next, "push");
  };
  const select = (next: Region | null) => setRegion(next, "push");
  const [, setRange] = useTimeRange();
  const filterTo = (chosen: Region) => {
    ask(withRegion(query, chosen));
    setRegion(null, "replace");
    setRange({ kind: "between", startNs: chosen.startNs, endNs: chosen.endNs }, "replace");
  };
  const mistake = trouble instanceof ApiError && trouble.code === "invalid_query" ? trouble : null;
  const toggle = () => (narrow ? setDrawer(!drawer) : setWide(!wide));
  const count = parseQuery(shown).terms.length;
  useShortcut("f", "Show or hide the filters", "Query", toggle);
  const filters = (onClose?: () => void) => (
    <Filters query={shown} onQuery={ask} bounds={bounds} {...(onClose && { onClose })} />
  );
  return (
    <Page title="Trace Explorer" aside={<TimeControls />}>
      <div className={styles.page}>
        <div className={styles.bar}>
          <Button
            aria-label={count === 0 ? "Filters" : `Filters, ${count} in the query`}
            aria-expanded={narrow ? drawer : wide}
            onClick={toggle}
            className={styles.toggle}
          >
            <SlidersHorizontal size={14} />
            <span className={styles.word}>Filters</span>
            {count === 0 ? null : <span className={styles.count}>{count}</span>}
          </Button>
          <QueryBar query={shown} onRun={ask} error={mistake} bounds={bounds} />
        </div>
        <div className={styles.body}>
          {narrow ? (
            <Dialog.Root open={drawer} onOpenChange={setDrawer}>
              <Dialog.Portal>
                <Dialog.Backdrop className={styles.backdrop} />
                <Dialog.Popup className={styles.drawer} aria-label="Filters">
                  {filters(() => setDrawer(false))}
                </Dialog.Popup>
              </Dialog.Portal>
            </Dialog.Root>
          ) : wide ? (
            filters()
          ) : null}
          <div ref={scroller} className={styles.main}>
            <div className={styles.overview}>
              <Suspense fallback={<div className={styles.charts} />}>
                <Overview
                  query={query}
                  bounds={bounds}
                  region={region}
                  onRegion={select}
                  onQuery={ask}
                  onFilterTo={filterTo}
                />
              </Suspense>
            </div>
            <Results
              query={query}
              region={region}
              onRegion={select}
              onQuery={ask}
              onFilterTo={filterTo}
              onTrouble={setTrouble}
              scroller={scroller}
            />
          </div>
        </div>
      </div>
    </Page>
  );
}
