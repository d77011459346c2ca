import type { ReactNode } from "react";
import { Page } from "../../shell/page";
import { TimeControls } from "../../shell/time-controls";

export function TracePage(): ReactNode {
  return (
    <Page title="Trace" aside={<TimeControls />}>
      {null}
    </Page>
  );
}
