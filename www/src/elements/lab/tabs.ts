/** The tabs of the lab, in order. Each comes from a module of its own. */
import type { TemplateResult } from "lit";
import type { Task } from "../../state/hash";
import type { RunStore } from "../../state/run-store";
import { compareTab } from "./compare";
import { scheduleTab } from "./schedule";
import { stepsTab } from "./steps";
import { boundTab } from "./bound";
import { diagnosisTab } from "./diagnosis";
import { noiseTab } from "./noise";
import { scheduleTab } from "./schedule";
import { scoreTab } from "./score";

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
  diagnosisTab,
];
