import { useEffect, useState } from "react";
import { useFind } from "../../api/queries-why";
import { useActions, useTrace } from "./context";

/** While somebody types nothing is asked. */
const QUIET_MS = 250;

export type Searching = "off" | "asking" | "done" | "cut" | "failed";

/** Asks the server where else the text is, and puts the answer among the matches. */
export function useServerSearch(): Searching {
  const { traceId, count } = useTrace((state) => state.trace.model);
  const text = useTrace((state) => state.view.find).trim();
  const found = useTrace((state) => state.found);
  const actions = useActions();
  const [asked, setAsked] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setAsked(text), QUIET_MS);
    return () => clearTimeout(timer);
  }, [text]);
  const { data, error } = useFind(traceId, asked, count);
  useEffect(() => {
    if (data !== undefined) actions.found({ text: asked, ...data });
  }, [data, asked, actions]);
  if (text === "") return "off";
  if (error !== null && asked === text) return "failed";
  if (found?.text !== text) return "asking";
  return found.complete ? "done" : "cut";
}
