/** Where the server says a mistake is → what to underline. */

import { tokenAt } from "../query/lexer";

/** The server counts characters, JavaScript halves of surrogate pairs. */
export function unitsOf(text: string, characters: number): number {
  let units = 0;
  for (const character of text) {
    if (characters-- <= 0) break;
    units += character.length;
  }
  return units;
}

/** The token at a position; at the end of the text, its last character. */
export function placeOf(text: string, position: number): { from: number; to: number } {
  const at = unitsOf(text, position);
  if (at >= text.length) {
    const last = text.trimEnd().length;
    return { from: Math.max(0, last - 1), to: last };
  }
  const token = tokenAt(text, at);
  const end = token === null || token === "end" || token.at > at ? at + 1 : token.end;
  return { from: at, to: end };
}
