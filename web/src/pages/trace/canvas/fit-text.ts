/** Text cut to a width. Measuring is the slow part of a frame, so each text is measured once. */
export class TextFitter {
  private widths = new Map<string, number>();
  private font = "";

  fit(context: CanvasRenderingContext2D, text: string, room: number): string {
    // A name can be a book; no bar has room for more than its beginning.
    const start = text.slice(0, 400);
    const width = this.width(context, start);
    if (width <= room) return start;
    // By its share of the width; letters differ, so it can be a few too many.
    let kept = Math.floor((start.length * (room - 6)) / width);
    while (kept >= 2 && this.width(context, `${start.slice(0, kept)}…`) > room) kept--;
    return kept < 2 ? "" : `${start.slice(0, kept)}…`;
  }

  width(context: CanvasRenderingContext2D, text: string): number {
    if (this.font !== context.font || this.widths.size > 20_000) {
      this.font = context.font;
      this.widths.clear();
    }
    const known = this.widths.get(text);
    if (known !== undefined) return known;
    const { width } = context.measureText(text);
    this.widths.set(text, width);
    return width;
  }
}
