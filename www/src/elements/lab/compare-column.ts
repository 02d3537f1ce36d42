/** The columns of a comparison: samplers with their steps, as they stand in the settings, and what a call of the network costs each. */
export interface Column {
  sampler: string;
  steps: number;
}

/** The most steps that a column takes. */
export const MOST_STEPS = 1000;
export const LEAST_COLUMNS = 2;
export const MOST_COLUMNS = 4;

export function readColumns(text: string): Column[] {
  return text.split(",").map((part) => {
    const [sampler = "ddim", steps = "10"] = part.split(":");
    return { sampler, steps: Math.min(MOST_STEPS, Math.max(1, Number(steps))) };
  });
}

export const writeColumns = (columns: readonly Column[]): string => columns.map(({ sampler, steps }) => `${sampler}:${steps}`).join();

/** Calls of the network: Heun's method makes two per step, but one for the last. */
export const evaluationsOf = ({ sampler, steps }: Column): number => (sampler === "heun" ? 2 * steps - 1 : steps);

/** The same columns, each with about as many calls as the most expensive one. */
export function matched(columns: readonly Column[]): Column[] {
  const most = Math.max(...columns.map(evaluationsOf));
  return columns.map((column) => ({ ...column, steps: Math.min(MOST_STEPS, column.sampler === "heun" ? Math.max(1, Math.round((most + 1) / 2)) : most) }));
}
