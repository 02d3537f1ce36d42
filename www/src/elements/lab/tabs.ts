/** The tabs of the lab, in order. Each comes from a module of its own. */
import type { TemplateResult } from "lit";
import type { Task } from "../../state/hash";
import type { RunStore } from "../../state/run-store";
import { boundTab } from "./bound";
import { compareTab } from "./compare";
import { diagnosisTab } from "./diagnosis";
import { editTab } from "./edit";
import { guidanceTab } from "./guidance";
import { noiseTab } from "./noise";
import { scheduleTab } from "./schedule";
import { scoreTab } from "./score";
import { stepsTab } from "./steps";

export interface LabTab {
  /** In the address and in tests. */
  name: string;
  tasks: readonly Task[];
  title(lang: string): string;
  render(store: RunStore): TemplateResult;
}

export const LAB_TABS: readonly LabTab[] = [
  scheduleTab,
  stepsTab,
  compareTab,
  scoreTab,
  noiseTab,
  boundTab,
  editTab,
  guidanceTab,
  diagnosisTab,
];
