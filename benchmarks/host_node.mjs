// The calls of OpenAI's node SDK against whatever OPENAI_BASE_URL names: models, chat, a stream, tools, files, a batch, a job.
//
//     npm install openai
//     OPENAI_BASE_URL=http://127.0.0.1:8000/v1 OPENAI_API_KEY=any node benchmarks/host_node.mjs [--job]
//
// Prints a line for each; ends with 1 at the first that is not as it should be. `--job` trains one, which takes minutes.

import assert from "node:assert/strict";
import OpenAI, { toFile } from "openai";

const client = new OpenAI();
const model = process.env.MODEL ?? "gpt-4o-mini-2024-07-18";
const messages = [
  { role: "system", content: "Answer in a word." },
  { role: "user", content: "What is the capital of France?" },
];
const wait = (seconds) => new Promise((done) => setTimeout(done, seconds * 1000));
const told = (name, value) => console.log(name.padEnd(12), JSON.stringify(value));

const names = [];
for await (const one of client.models.list()) names.push(one.id);
assert(names.includes(model), `${model} is none of ${names}`);
told("models", names.length);

const answer = await client.chat.completions.create({ model, messages, max_tokens: 12, temperature: 0 });
assert.equal(answer.choices[0].message.role, "assistant");
told("chat", answer.choices[0].message.content);

let said = "";
let usage = null;
const stream = await client.chat.completions.create({
  model, messages, max_tokens: 12, temperature: 0, stream: true, stream_options: { include_usage: true },
});
for await (const chunk of stream) {
  said += chunk.choices[0]?.delta?.content ?? "";
  usage = chunk.usage ?? usage;
}
assert.equal(said, answer.choices[0].message.content);
assert.deepEqual(usage, answer.usage);
told("stream", said);

const schema = {
  type: "object", properties: { city: { type: "string" } }, required: ["city"], additionalProperties: false,
};
const shaped = await client.chat.completions.create({
  model, messages, max_tokens: 60, temperature: 0,
  response_format: { type: "json_schema", json_schema: { name: "answer", strict: true, schema } },
});
told("schema", JSON.parse(shaped.choices[0].message.content));

const written = await client.completions.create({ model, prompt: "Once upon a", max_tokens: 5, temperature: 0 });
told("completion", written.choices[0].text);

const vectors = await client.embeddings.create({ model, input: ["a", "b"] });
assert.equal(vectors.data.length, 2);
told("embeddings", vectors.data[0].embedding.length);

await assert.rejects(client.chat.completions.create({ model: "ft:gone", messages }), OpenAI.NotFoundError);
await assert.rejects(client.chat.completions.create({ model, messages, temperature: 9 }), OpenAI.BadRequestError);
told("refusals", true);

const rows = [1, 2, 3].map((number) => ({
  custom_id: `row-${number}`, method: "POST", url: "/v1/chat/completions", body: { model, messages, max_tokens: 8 },
}));
const jsonl = (lines) => Buffer.from(lines.map((line) => JSON.stringify(line)).join("\n") + "\n");
const input = await client.files.create({ file: await toFile(jsonl(rows), "rows.jsonl"), purpose: "batch" });
let batch = await client.batches.create({
  input_file_id: input.id, endpoint: "/v1/chat/completions", completion_window: "24h",
});
while (!["completed", "failed", "expired", "cancelled"].includes(batch.status)) {
  await wait(0.5);
  batch = await client.batches.retrieve(batch.id);
}
const output = await (await client.files.content(batch.output_file_id)).text();
assert.equal(output.trim().split("\n").length, 3);
told("batch", batch.request_counts);

if (process.argv.includes("--job")) {
  const train = Array.from({ length: 20 }, (_, number) => ({
    messages: [{ role: "user", content: `say ${number}` }, { role: "assistant", content: "ARR" }],
  }));
  const file = await client.files.create({ file: await toFile(jsonl(train), "train.jsonl"), purpose: "fine-tune" });
  let job = await client.fineTuning.jobs.create({ model, training_file: file.id, suffix: "node" });
  while (!["succeeded", "failed", "cancelled"].includes(job.status)) {
    await wait(2);
    job = await client.fineTuning.jobs.retrieve(job.id);
  }
  assert.equal(job.status, "succeeded", JSON.stringify(job.error));
  const tuned = await client.chat.completions.create({
    model: job.fine_tuned_model, messages: [{ role: "user", content: "say 3" }], max_tokens: 6, temperature: 0,
  });
  told("job", [job.fine_tuned_model, tuned.choices[0].message.content]);
  for await (const event of client.fineTuning.jobs.listEvents(job.id, { limit: 2 })) assert(event.message);
  assert((await client.models.delete(job.fine_tuned_model)).deleted);
}
