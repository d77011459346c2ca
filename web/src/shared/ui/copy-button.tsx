import { Check, Copy, X } from "lucide-react";
import { type ReactNode, useEffect, useState } from "react";
import { copyText } from "../clipboard";
import { IconButton } from "./button";

interface CopyButtonProps {
  /** What is copied; a function is asked when it is. */
  text: string | (() => string);
  /** Such as "Copy trace id". */
  label: string;
  small?: boolean;
}

const SHOWN_MS = 1500;

export function CopyButton({ text, label, small = true }: CopyButtonProps): ReactNode {
  const [result, setResult] = useState<"copied" | "refused" | null>(null);
  useEffect(() => {
    if (result === null) return;
    const timer = setTimeout(() => setResult(null), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [result]);
  const copy = () => {
    void copyText(typeof text === "string" ? text : text()).then((done) =>
      setResult(done ? "copied" : "refused"),
    );
  };
  const icon =
    result === "copied" ? (
      <Check size={14} />
    ) : result === "refused" ? (
      <X size={14} />
    ) : (
      <Copy size={14} />
    );
  const said =
    result === "copied" ? "Copied" : result === "refused" ? "The browser refused" : label;
  return (
    <>
      <IconButton small={small} label={said} onClick={copy}>
        {icon}
      </IconButton>
      <span className="visually-hidden" role="status">
        {result === null ? "" : said}
      </span>
    </>
  );
}
