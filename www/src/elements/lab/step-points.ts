/** One step of points: all samples faint, and one with its way, what the network takes it for, and where it goes. */
export interface StepColours {
  plate: string;
  grid: string;
  data: string;
  samples: string;
  ink: string;
  label: string;
  font: string;
}

export interface StepPoints {
  /** [frames, count, 2]. */
  frames: Float32Array;
  count: number;
  /** The frame before the step. */
  frame: number;
  tracked: number;
  clean: readonly number[];
  data: Float32Array;
  /** Half the width of the world. */
  half: number;
}

const DATA_SHOWN = 1500;
const RADIUS = 2;

export function paintStep(canvas: HTMLCanvasElement, ratio: number, points: StepPoints, colours: StepColours): void {
  const context = canvas.getContext("2d")!;
  const [width, height] = [canvas.width / ratio, canvas.height / ratio];
  const scale = Math.min(width, height) / (2 * points.half);
  const at = (x: number, y: number): [number, number] => [width / 2 + x * scale, height / 2 - y * scale];
  const of = (frame: number, i: number): [number, number] => {
    const p = 2 * (frame * points.count + i);
    return at(points.frames[p]!, points.frames[p + 1]!);
  };
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.fillStyle = colours.plate;
  context.fillRect(0, 0, width, height);
  context.fillStyle = colours.data;
  context.globalAlpha = 0.45;
  for (let i = 0; i < Math.min(DATA_SHOWN, points.data.length / 2); i++) {
    const [x, y] = at(points.data[2 * i]!, points.data[2 * i + 1]!);
    context.fillRect(x - 0.6, y - 0.6, 1.2, 1.2);
  }
  context.fillStyle = colours.samples;
  context.globalAlpha = 0.35;
  context.beginPath();
  for (let i = 0; i < points.count; i++) {
    const [x, y] = of(points.frame, i);
    context.moveTo(x + RADIUS, y);
    context.arc(x, y, RADIUS, 0, 7);
  }
  context.fill();
  context.globalAlpha = 1;
  paintTracked(context, points, colours, of, at(points.clean[0]!, points.clean[1]!), [width, height]);
}

type Place = [x: number, y: number];

function paintTracked(context: CanvasRenderingContext2D, { frame, tracked }: StepPoints, colours: StepColours, of: (frame: number, i: number) => Place, clean: Place, size: Place): void {
  const [here, next] = [of(frame, tracked), of(frame + 1, tracked)];
  const line = (from: Place, to: Place): void => {
    context.beginPath();
    context.moveTo(...from);
    context.lineTo(...to);
    context.stroke();
  };
  context.strokeStyle = colours.ink;
  context.lineJoin = "round";
  // Its way so far.
  context.lineWidth = 1.5;
  context.globalAlpha = 0.45;
  context.beginPath();
  for (let f = 0; f <= frame; f++) context.lineTo(...of(f, tracked));
  context.stroke();
  context.globalAlpha = 1;
  // To where the network points.
  context.setLineDash([3, 3]);
  line(here, clean);
  context.setLineDash([]);
  // And how far the step goes.
  context.lineWidth = 2.5;
  context.strokeStyle = colours.samples;
  arrow(context, here, next);
  context.fillStyle = colours.plate;
  context.strokeStyle = colours.ink;
  context.lineWidth = 2;
  diamond(context, clean, 6);
  context.fillStyle = colours.samples;
  disc(context, here, 6, true);
  context.fillStyle = colours.plate;
  context.strokeStyle = colours.samples;
  disc(context, next, 5, true);
  labels(context, colours, size, [["xₜ", here], ["x̂₀", clean], ["xₛ", next]]);
}

function disc(context: CanvasRenderingContext2D, [x, y]: Place, radius: number, outlined: boolean): void {
  context.beginPath();
  context.arc(x, y, radius, 0, 7);
  context.fill();
  if (outlined) context.stroke();
}

function diamond(context: CanvasRenderingContext2D, [x, y]: Place, r: number): void {
  context.beginPath();
  context.moveTo(x, y - r);
  context.lineTo(x + r, y);
  context.lineTo(x, y + r);
  context.lineTo(x - r, y);
  context.closePath();
  context.fill();
  context.stroke();
}

function arrow(context: CanvasRenderingContext2D, [ax, ay]: Place, [bx, by]: Place): void {
  context.beginPath();
  context.moveTo(ax, ay);
  context.lineTo(bx, by);
  context.stroke();
}

/** Names beside their marks; where two would lie on one another, the later moves down. */
function labels(context: CanvasRenderingContext2D, colours: StepColours, [width]: Place, names: [string, Place][]): void {
  context.font = `600 13px ${colours.font}`;
  context.textBaseline = "middle";
  const taken: Place[] = [];
  for (const [name, [x, y]] of names) {
    const left = x > width - 40;
    let place: Place = [left ? x - 12 : x + 12, y - 10];
    while (taken.some(([tx, ty]) => Math.abs(tx - place[0]) < 24 && Math.abs(ty - place[1]) < 15)) place = [place[0], place[1] + 16];
    taken.push(place);
    context.textAlign = left ? "right" : "left";
    context.lineWidth = 4;
    context.strokeStyle = colours.plate;
    context.strokeText(name, ...place);
    context.fillStyle = colours.label;
    context.fillText(name, ...place);
  }
}

/** The sample nearest to a place on the canvas, in CSS pixels. */
export function nearest(points: Omit<StepPoints, "clean" | "data" | "tracked">, width: number, height: number, x: number, y: number): number {
  const scale = Math.min(width, height) / (2 * points.half);
  let [best, least] = [0, Infinity];
  for (let i = 0; i < points.count; i++) {
    const p = 2 * (points.frame * points.count + i);
    const [dx, dy] = [width / 2 + points.frames[p]! * scale - x, height / 2 - points.frames[p + 1]! * scale - y];
    const distance = dx * dx + dy * dy;
    if (distance < least) [best, least] = [i, distance];
  }
  return best;
}
