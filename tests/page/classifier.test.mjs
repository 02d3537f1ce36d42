/** The classifier in JavaScript is the one that was trained natively. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { classify, loadClassifier, logits } from "./classifier.mjs";

test("both classifiers give the same logits", () => {
  const classifier = loadClassifier();
  const { values: images } = classifier.tensors["check.images"];
  const { values: wanted, shape } = classifier.tensors["check.logits"];
  const got = logits(classifier, images);
  assert.deepEqual(shape, [got.length, 10]);
  assert.ok(got.length >= 20);
  got.flat().forEach((value, i) => assert.ok(Math.abs(value - wanted[i]) < 1e-3, `logit ${i} is ${value}, natively ${wanted[i]}`));
  const best = Array.from({ length: shape[0] }, (_, image) => {
    const row = Array.from(wanted.subarray(10 * image, 10 * (image + 1)));
    return row.indexOf(Math.max(...row));
  });
  assert.deepEqual(classify(classifier, images), best);
  assert.ok(new Set(best).size >= 8, "the images are of many classes");
  assert.throws(() => classify(classifier, images.subarray(1)), /no whole images/);
  assert.throws(() => loadClassifier("/nowhere"), /cargo test/);
});
