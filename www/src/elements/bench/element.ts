/** What the elements of the bench page share: their language, and with it their words. */
import { LitElement, type PropertyDeclarations } from "lit";
import { texts, type Texts } from "../../strings";
import { benchTexts, type BenchStrings } from "../../strings/bench.en";

export abstract class BenchElement extends LitElement {
  static override properties: PropertyDeclarations = { lang: {} };
  override lang = "en";

  protected get text(): Texts {
    return texts(this.lang);
  }

  protected get words(): BenchStrings {
    return benchTexts(this.lang);
  }
}
