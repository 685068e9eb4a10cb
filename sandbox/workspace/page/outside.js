// What a link into Datadog or Kibana asks for, in words: the sandbox has no such pages.
import { $, clock, el } from "/page/dom.js";

const PAGES = { datadog, kibana };

function datadog() {
  const asked = new URLSearchParams(location.search);
  return {
    vendor: "Datadog",
    opens: "the Metrics Explorer with these metrics",
    question: [
      ["Range", range(Number(asked.get("from_ts")), Number(asked.get("to_ts")))],
      ["Metrics", (asked.get("exp_metric") ?? "").replaceAll(",", ", ")],
      ["Scope", asked.get("exp_scope")],
    ],
  };
}

function kibana() {
  const state = decoded(location.hash);
  return {
    vendor: "Kibana",
    opens: "Discover with these log lines",
    question: [
      ["Range", range(Date.parse(text(state, "from")), Date.parse(text(state, "to")))],
      ["Query", text(state, "query")],
      ["Data view", text(state, "dataViewId")],
    ],
  };
}

/** The string of a key in Rison, where `!` escapes. */
function text(rison, key) {
  const found = rison.match(new RegExp(`\\b${key}:'((?:[^'!]|!.)*)'`));
  return found ? found[1].replace(/!(.)/g, "$1") : "";
}

function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return "";
  }
}

function range(from_ms, to_ms) {
  if (!Number.isFinite(from_ms) || !Number.isFinite(to_ms)) return "";
  const utc = clock("UTC");
  return `${utc.full(from_ms / 1000)} to ${utc.full(to_ms / 1000)}, UTC`;
}

const { vendor, opens, question } = PAGES[location.pathname.split("/")[1]]();
document.title = `${vendor} · paybot sandbox`;
$("vendor").textContent = `${vendor} is simulated here`;
$("opens").textContent = `In production this link opens ${opens} in your own ${vendor}. The sandbox has the data, not the pages.`;
$("question").replaceChildren(
  ...question.flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value || "not named in this link")]),
);
