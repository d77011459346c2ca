import { Dialog } from "@base-ui/react/dialog";
import { SlidersHorizontal } from "lucide-react";
import { lazy, type ReactNode, Suspense, useEffect, useRef, useState } from "react";
import { ApiError } from "../../api/client";
import { useBounds, useRefresh, useTimeRange } from "../../route/time";
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
import { overlaps, type Region, regionCodec } from "./region";
import { Results } from "./results/results";
import { differsCodec, queryCodec } from "./state";
import { isBoolean, useStored } from "./stored";

const Overview = lazy(async () => ({ default: (await import("./overview")).Overview }));

/** A range that was chosen so long ago is counted from now when somebody comes to the page. */
const STALE_NS = 120_000_000_000n;

const NARROW = "(max-width: 899px)";

/** Traces by query, filters and time: what came in, how it was, and what differs. */
export function ExplorerPage(): ReactNode {
  const [query, setQuery] = useUrlState(queryCodec);
  const [selected, setRegion] = useUrlState(regionCodec);
  const [wide, setWide] = useStored("clew.explorer.filters", true, isBoolean);
  const [drawer, setDrawer] = useState(false);
  const [trouble, setTrouble] = useState<unknown>(null);
  const bounds = useBounds();
  const scroller = useRef<HTMLDivElement>(null);
  const narrow = useMedia(NARROW);
  // The address follows when there is time to draw it all; what was clicked shows at once.
  const [ahead, setAhead] = useState({ of: query, text: query });
  // Whoever goes back is shown what they went back to.
  if (ahead.of !== query) setAhead({ of: query, text: query });
  const shown = ahead.of === query ? ahead.text : query;
  const { nowNs, refreshNow, touch } = useRefresh();
  const ask = (next: string) => {
    if (next === query) return refreshNow();
    touch();
    setAhead({ of: query, text: next });
    setQuery(next, "push");
  };
  const [, setDiffers] = useUrlState(differsCodec);
  const select = (next: Region | null) => {
    setRegion(next, "push");
    if (next === null) setDiffers("0", "replace");
  };
  useFreshEnough(nowNs, touch);
  const outside = selected !== null && !overlaps(selected, bounds);
  const region = outside ? null : selected;
  useEffect(() => {
    // Nobody sees what is selected of another time.
    if (outside) setRegion(null, "replace");
  }, [outside, setRegion]);
  const [, setRange] = useTimeRange();
  const filterTo = (chosen: Region) => {
    ask(withRegion(query, chosen));
    setRegion(null, "replace");
    setDiffers("0", "replace");
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

/** Until somebody chooses or refreshes, a page that is come back to shows what it showed. */
function useFreshEnough(nowNs: bigint, touch: () => void): void {
  const [cameAt] = useState(nowNs);
  useEffect(() => {
    if (BigInt(Date.now()) * 1_000_000n - cameAt > STALE_NS) touch();
  }, [cameAt, touch]);
}
