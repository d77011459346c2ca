import { Component, type ReactNode } from "react";
import { Button } from "../shared/ui/button";
import { Empty } from "../shared/ui/states";

interface BoundaryProps {
  /** Another value, such as another address, tries again. */
  resetKey: string;
  children: ReactNode;
}

interface BoundaryState {
  error: Error | null;
  resetKey: string;
}

/** A page that breaks takes neither the navigation nor the words about it along. */
export class Boundary extends Component<BoundaryProps, BoundaryState> {
  override state: BoundaryState = { error: null, resetKey: this.props.resetKey };

  static getDerivedStateFromError(error: Error): Partial<BoundaryState> {
    return { error };
  }

  static getDerivedStateFromProps(
    props: BoundaryProps,
    state: BoundaryState,
  ): Partial<BoundaryState> | null {
    return props.resetKey === state.resetKey ? null : { error: null, resetKey: props.resetKey };
  }

  override render(): ReactNode {
    const { error } = this.state;
    if (error === null) return this.props.children;
    // A new version was installed while this page was open: its old parts are gone.
    const outdated = error.message.includes("dynamically imported module");
    return (
      <Empty title={outdated ? "Clew was updated" : "This page broke"}>
        <p>{outdated ? "Load the page again to go on." : error.message}</p>
        <Button onClick={() => window.location.reload()}>Load again</Button>
      </Empty>
    );
  }
}
