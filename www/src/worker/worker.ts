/** Worker entry of the 2D task. */
import { boot } from "./boot";
import { PointsSession } from "./points-session";

void boot((module, post) => new PointsSession(module, post));
