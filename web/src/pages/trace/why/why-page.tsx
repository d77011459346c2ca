import type { ReactNode } from "react";
import { Page } from "../../../shell/page";

export function WhyPage({ id }: { id: string }): ReactNode {
  return <Page title="Why can’t I see this trace?">{id}</Page>;
}
