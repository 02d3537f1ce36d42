/** Worker entry of the digits task. */
import { boot } from "./boot";
import { DigitsSession } from "./digits-session";
import { presetsOf } from "./presets";

void boot((module, post) => new DigitsSession(module, post), presetsOf);
