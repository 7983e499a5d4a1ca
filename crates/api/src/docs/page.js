// Shows the OpenAPI document of the server. Whatever the document or an answer says becomes text
// and nothing else: there is no place here where it could become markup.
"use strict";

const METHODS = ["get", "post", "put", "delete"];
const byId = (id) => document.getElementById(id);

/** An element with attributes and children; children that are no elements become text. */
function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** A part that is folded, and made when it is first opened. */
function folded(attributes, summary, body) {
  const details = make("details", attributes, make("summary", {}, ...summary));
  details.addEventListener("toggle", () => {
    if (details.open && details.childElementCount === 1) details.append(body());
  });
  return details;
}

let root = {};
const operations = [];

/** What a `$ref` leads to. */
function resolved(node) {
  const parts = node.$ref.replace(/^#\//, "").split("/");
  return parts.reduce((at, part) => at?.[part], root) ?? {};
}

function typeOf(schema) {
  const types = [].concat(schema.type ?? (schema.properties ? "object" : []));
  const words = types.map((type) => {
    if (type !== "array" || !schema.items) return type;
    const item = schema.items.$ref ? schema.items.$ref.split("/").pop() : typeOf(schema.items);
    return `array of ${item || "anything"}`;
  });
  if (schema.format) words.push(`(${schema.format})`);
  return words.join(" ");
}

function limits(schema) {
  const said = [];
  if (schema.enum) said.push(`one of ${schema.enum.map((it) => JSON.stringify(it)).join(", ")}`);
  if (schema.minimum !== undefined || schema.maximum !== undefined) {
    said.push(`from ${schema.minimum ?? "−∞"} to ${schema.maximum ?? "∞"}`);
  }
  if (schema.maxLength !== undefined) said.push(`at most ${schema.maxLength} long`);
  if (schema.maxItems !== undefined) said.push(`at most ${schema.maxItems}`);
  if (schema.default !== undefined) said.push(`${JSON.stringify(schema.default)} unless given`);
  if (schema.readOnly) said.push("read only");
  return said.join("; ");
}

/** A schema as a list of its members; references unfold, as deep as one likes. */
function shown(schema) {
  if (schema.$ref) {
    const name = schema.$ref.split("/").pop();
    return folded({ class: "ref" }, [name], () => shown(resolved(schema)));
  }
  for (const key of ["oneOf", "anyOf", "allOf"]) {
    if (schema[key]) return make("div", {}, `${key}:`, ...schema[key].map(shown));
  }
  if (schema.items && (schema.items.$ref || schema.items.properties)) {
    return make("div", {}, make("span", { class: "quiet" }, "array of "), shown(schema.items));
  }
  const list = make("ul", { class: "members" });
  for (const [name, member] of Object.entries(schema.properties ?? {})) {
    list.append(line(name, member, (schema.required ?? []).includes(name)));
  }
  if (schema.additionalProperties?.properties) {
    list.append(line("any other", schema.additionalProperties, false));
  }
  if (list.childElementCount > 0) return list;
  return make("span", { class: "quiet" }, typeOf(schema) || "anything");
}

function line(name, schema, needed) {
  const item = make("li", {}, make("span", { class: "name" }, name));
  item.append(make("span", { class: "type" }, schema.$ref ? "" : typeOf(schema)));
  if (needed) item.append(make("span", { class: "needed" }, "required"));
  const told = [schema.description, limits(schema)].filter(Boolean).join(". ");
  item.append(make("span", { class: "quiet" }, told));
  const inner = schema.items ?? schema;
  if (schema.$ref || inner.$ref || inner.properties) item.append(shown(schema));
  return item;
}

function bodies(content) {
  return Object.entries(content ?? {}).map(([media, { schema }]) =>
    make("div", {}, make("code", { class: "quiet" }, media), shown(schema ?? {})));
}

/** Everything about an operation. */
function details({ method, path, operation }) {
  const within = make("div", { class: "within" });
  within.append(make("p", { class: "quiet" }, make("code", {}, operation.operationId)));
  const parameters = operation.parameters ?? [];
  if (parameters.length > 0) {
    const list = make("ul", { class: "members" });
    for (const it of parameters) {
      const described = { ...it.schema, description: it.description ?? `in the ${it.in}` };
      list.append(line(it.name, described, it.required));
    }
    within.append(make("h3", {}, "Parameters"), list);
  }
  if (operation.requestBody) {
    within.append(make("h3", {}, "Body"), ...bodies(operation.requestBody.content));
  }
  within.append(make("h3", {}, "Answers"));
  for (const [status, response] of Object.entries(operation.responses ?? {})) {
    const told = response.$ref ? resolved(response) : response;
    const text = [make("span", { class: "name" }, status), " ", told.description ?? ""];
    within.append(folded({ class: "answer" }, text, () => {
      const body = bodies(told.content);
      return make("div", {}, ...(body.length > 0 ? body : ["an empty body"]));
    }));
  }
  if (method === "get") within.append(make("h3", {}, "Try it"), attempt(path, parameters));
  return within;
}

/** Asks the server itself; only what changes nothing is tried here. */
function attempt(path, parameters) {
  const form = make("form", { class: "try" });
  const inputs = parameters.map((parameter) => {
    const input = make("input", { autocomplete: "off", spellcheck: "false" });
    if (parameter.in === "path") {
      input.required = true;
      input.value = sessionStorage.getItem(parameter.name) ?? "";
    }
    form.append(make("label", {}, parameter.name, input));
    return { parameter, input };
  });
  form.append(make("button", { class: "send", type: "submit" }, "GET"));
  const answer = make("pre", { hidden: "" });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    let asked = path;
    const query = new URLSearchParams();
    for (const { parameter, input } of inputs) {
      if (parameter.in === "path") {
        asked = asked.replace(`{${parameter.name}}`, encodeURIComponent(input.value));
        sessionStorage.setItem(parameter.name, input.value);
      } else if (input.value !== "") {
        query.set(parameter.name, input.value);
      }
    }
    const token = byId("token").value;
    const headers = token ? { Authorization: `Token ${token}` } : {};
    answer.hidden = false;
    answer.textContent = "…";
    try {
      const response = await fetch(`${asked}${query.size > 0 ? `?${query}` : ""}`, { headers });
      const text = await response.text();
      answer.textContent = `${response.status}\n\n${pretty(text)}`;
    } catch (error) {
      answer.textContent = String(error);
    }
  });
  return make("div", {}, form, answer);
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function list() {
  const groups = new Map();
  for (const it of operations) {
    const tag = it.operation.tags?.[0] ?? "other";
    if (!groups.has(tag)) groups.set(tag, []);
    groups.get(tag).push(it);
  }
  const main = byId("operations");
  main.replaceChildren(make("p", { id: "none", class: "quiet", hidden: "" }, "Nothing matches."));
  for (const [tag, members] of [...groups].sort(([a], [b]) => a.localeCompare(b))) {
    const count = make("span", { class: "count" }, String(members.length));
    byId("tags").append(make("a", { href: `#tag-${tag}` }, tag, count));
    const section = make("section", { id: `tag-${tag}` }, make("h2", {}, tag));
    for (const it of members) {
      it.element = folded({ class: "operation", id: it.operation.operationId }, [
        make("span", { class: `method ${it.method}` }, it.method.toUpperCase()),
        make("span", { class: "path" }, it.path),
        make("span", { class: "quiet" }, it.operation.summary ?? ""),
      ], () => details(it));
      section.append(it.element);
    }
    main.append(section);
  }
}

/** Leaves what has every word of the search in it. */
function search() {
  const words = byId("search").value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const it of operations) it.element.hidden = !words.every((word) => it.text.includes(word));
  for (const section of document.querySelectorAll("section")) {
    section.hidden = ![...section.querySelectorAll(".operation")].some((it) => !it.hidden);
  }
  byId("none").hidden = operations.some((it) => !it.element.hidden);
}

function follow() {
  const target = byId(decodeURIComponent(location.hash.slice(1)));
  if (target?.tagName === "DETAILS") target.open = true;
  target?.scrollIntoView();
}

async function start() {
  const response = await fetch("/api/v1/openapi.json");
  root = await response.json();
  byId("version").textContent = root.info?.version ?? "";
  for (const [path, item] of Object.entries(root.paths ?? {})) {
    for (const method of METHODS.filter((method) => item[method])) {
      const operation = item[method];
      const names = (operation.parameters ?? []).map((it) => it.name);
      const text = [method, path, operation.operationId, operation.summary, operation.tags, names];
      operations.push({ method, path, operation, text: text.flat().join(" ").toLowerCase() });
    }
  }
  list();
  byId("search").addEventListener("input", search);
  addEventListener("hashchange", follow);
  addEventListener("keydown", (event) => {
    if (event.key === "/" && !/^(INPUT|TEXTAREA)$/.test(document.activeElement.tagName)) {
      event.preventDefault();
      byId("search").focus();
    }
  });
  if (location.hash) follow();
}

start().catch((error) => {
  byId("operations").replaceChildren(make("p", {}, `The document cannot be had: ${error}`));
});
