import type { ReactNode } from "react";
import { Page } from "../../shell/page";
import { TimeControls } from "../../shell/time-controls";

export function ExplorerPage(): ReactNode {
  return (
    <Page title="Trace Explorer" aside={<TimeControls />}>
      {null}
    </Page>
  );
}
