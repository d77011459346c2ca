import { type RefObject, useLayoutEffect, useState } from "react";
import { flushSync } from "react-dom";

/** Rows that are drawn: from the first, so many. */
export interface RowWindow {
  first: number;
  length: number;
}

/** Rows above and below what is in sight. */
const AROUND = 4;
/** The window moves by so many at once. */
const STEP = 4;

/**
 * Always the same number of rows while the list scrolls, so that the elements of the rows that
 * leave are free for those that enter.
 */
export function windowAt(
  scrollTop: number,
  height: number,
  rowHeight: number,
  count: number,
): RowWindow {
  const seen = Math.ceil(height / rowHeight) + 1;
  const length = Math.min(count, seen + STEP + 2 * AROUND);
  const top = Math.floor(scrollTop / rowHeight / STEP) * STEP;
  return { first: Math.max(0, Math.min(top - AROUND, count - length)), length };
}

/** Which row an element shows: each goes on with the row that is as many further as there are. */
export function rowInSlot(slot: number, { first, length }: RowWindow): number {
  const index = first - (first % length) + slot;
  return index < first ? index + length : index;
}

/**
 * The window of a list whose rows are all of one height. TanStack Virtual keeps an object for each
 * row and makes them anew when their number changes: 60 ms for "expand all" of 100,000 spans.
 */
export function useRowWindow(
  scroller: RefObject<HTMLElement | null>,
  rowHeight: number,
  count: number,
): RowWindow {
  const [place, setPlace] = useState({ top: 0, height: 800 });
  useLayoutEffect(() => {
    const element = scroller.current;
    if (element === null) return;
    const read = () => {
      const top = Math.floor(element.scrollTop / rowHeight / STEP) * STEP * rowHeight;
      const height = element.clientHeight;
      setPlace((old) => (old.top === top && old.height === height ? old : { top, height }));
    };
    // Drawn before the browser shows the new place: nobody sees empty rows.
    const scrolled = () => flushSync(read);
    read();
    element.addEventListener("scroll", scrolled, { passive: true });
    const observer = new ResizeObserver(read);
    observer.observe(element);
    return () => {
      element.removeEventListener("scroll", scrolled);
      observer.disconnect();
    };
  }, [scroller, rowHeight]);
  return windowAt(place.top, place.height, rowHeight, count);
}

/** Where to scroll so that a row is in sight with `margin` rows around it; null: it is. */
export function scrollFor(
  row: number,
  scrollTop: number,
  height: number,
  rowHeight: number,
  margin: number,
): number | null {
  const top = row * rowHeight;
  const space = Math.min(margin * rowHeight, Math.max(0, (height - rowHeight) / 2));
  const [least, most] = [top + rowHeight + space - height, top - space];
  if (scrollTop >= least && scrollTop <= most) return null;
  // From afar it comes to the middle, step by step it stays at the border.
  const far = scrollTop > most + height / 2 || scrollTop < least - height / 2;
  if (far) return Math.max(0, top - (height - rowHeight) / 2);
  return Math.max(0, scrollTop < least ? least : most);
}
