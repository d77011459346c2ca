import type { ReactNode } from "react";
import { Page } from "../../shell/page";
import { TimeControls } from "../../shell/time-controls";

export function SendPage(): ReactNode {
  return (
    <Page title="Send data" aside={<TimeControls />}>
      {null}
    </Page>
  );
}
