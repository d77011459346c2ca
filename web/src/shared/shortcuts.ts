/** Keys of the whole page. Each registers with its description, which `?` lists. */

import { useEffect, useRef, useSyncExternalStore } from "react";

export interface Shortcut {
  /** `j`, `g t` for two keys after each other, `mod+f` for Ctrl or ⌘; as `KeyboardEvent.key`. */
  keys: string;
  description: string;
  group: string;
}

interface Registered extends Shortcut {
  run: (event: KeyboardEvent) => void;
}

const SEQUENCE_MS = 1000;

let registered: readonly Registered[] = [];
const told = new Set<() => void>();

function change(next: readonly Registered[]): void {
  registered = next;
  for (const tell of told) tell();
}

/** Runs `action` on `keys` while mounted and enabled. While somebody types: only those with mod or alt. */
export function useShortcut(
  keys: string,
  description: string,
  group: string,
  action: (event: KeyboardEvent) => void,
  enabled = true,
): void {
  const latest = useRef(action);
  useEffect(() => {
    latest.current = action;
  });
  useEffect(() => {
    if (!enabled) return;
    const one: Registered = { keys, description, group, run: (event) => latest.current(event) };
    change([...registered, one]);
    return () => change(registered.filter((other) => other !== one));
  }, [keys, description, group, enabled]);
}

/** All that work just now, for the help. */
export function useShortcuts(): readonly Shortcut[] {
  return useSyncExternalStore(
    (tell) => {
      told.add(tell);
      return () => told.delete(tell);
    },
    () => registered,
  );
}

/** `mod+f`, `Escape`, `?`, `j`: how an event is written in `keys`. */
export function keyOf(event: KeyboardEvent): string {
  const mod = event.ctrlKey || event.metaKey ? "mod+" : "";
  const alt = event.altKey ? "alt+" : "";
  // A letter's case tells shift; named keys need it said.
  const shift = event.shiftKey && event.key.length > 1 ? "shift+" : "";
  return mod + alt + shift + (mod ? event.key.toLowerCase() : event.key);
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable ||
      target.tagName === "TEXTAREA" ||
      target.tagName === "SELECT" ||
      (target instanceof HTMLInputElement &&
        !["checkbox", "radio", "button", "range"].includes(target.type)))
  );
}

/** Whether a dialog or menu has the keyboard: what is behind it must not react. */
function isCovered(target: EventTarget | null): boolean {
  return (
    target instanceof Element &&
    // While it closes, what is behind it is in use again.
    target.closest(':is([role="dialog"], [role="menu"], [role="listbox"]):not([data-closed])') !==
      null
  );
}

/** Listens on the document; returns the end of it. Called once. */
export function listenForShortcuts(): () => void {
  let before = "";
  let beforeAt = 0;
  const listen = (event: KeyboardEvent) => {
    if (event.defaultPrevented || event.isComposing || isCovered(event.target)) return;
    const key = keyOf(event);
    const commands = key.startsWith("mod+") || key.startsWith("alt+");
    if (isTyping(event.target) && !commands) return;
    // Buttons and links take these themselves.
    if (
      (key === "Enter" || key === " ") &&
      event.target instanceof Element &&
      event.target.closest("a, button, summary, input") !== null
    ) {
      return;
    }
    const sequence = event.timeStamp - beforeAt < SEQUENCE_MS ? `${before} ${key}` : "";
    // The one mounted last is the innermost.
    const found =
      registered.findLast((one) => one.keys === sequence) ??
      registered.findLast((one) => one.keys === key);
    before = key;
    beforeAt = event.timeStamp;
    if (!found) return;
    event.preventDefault();
    before = "";
    found.run(event);
  };
  document.addEventListener("keydown", listen);
  return () => document.removeEventListener("keydown", listen);
}
