/** The tabs of the lab, in order. Each comes from a module of its own. */
import type { TemplateResult } from "lit";
import type { Task } from "../../state/hash";
import type { RunStore } from "../../state/run-store";
import { editTab } from "./edit";
import { guidanceTab } from "./guidance";

export interface LabTab {
  /** In the address and in tests. */
  name: string;
  tasks: readonly Task[];
  title(lang: string): string;
  render(store: RunStore): TemplateResult;
}

export const LAB_TABS: readonly LabTab[] = [
  editTab,
  guidanceTab,
];
