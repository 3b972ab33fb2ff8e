// Codat's client for Node, unmodified. Reads {url, authorization, calls: [{name, request}]} from its input and writes what
// each call came to, one after the other: the status of a refusal, 0 for a success, or the error's own words where the
// client failed. Without calls it writes the names of the operations that the client has.
import { readFileSync } from "node:fs";
import { CodatPlatform } from "@codat/platform";

const { url, authorization, calls } = JSON.parse(readFileSync(0, "utf8"));
const sdk = new CodatPlatform({ serverURL: url, authHeader: authorization, retryConfig: { strategy: "none" } });

const own = (thing) =>
  Object.getOwnPropertyNames(Object.getPrototypeOf(thing)).filter((name) => name !== "constructor" && !name.startsWith("_"));

async function outcome({ name, request }) {
  const [resource, method] = name.split(".");
  const takesRequest = sdk[resource][method].length > 1; // the last parameter is always its options
  try {
    await (takesRequest ? sdk[resource][method](request) : sdk[resource][method]());
    return 0;
  } catch (error) {
    return error.statusCode >= 400 ? error.statusCode : String(error);
  }
}

const answer = [];
if (calls === undefined) answer.push(...own(sdk).flatMap((each) => own(sdk[each]).map((method) => `${each}.${method}`)));
else for (const call of calls) answer.push(await outcome(call));
console.log(JSON.stringify(answer));
