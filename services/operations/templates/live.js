"use strict";
const list = document.getElementById("seen");
const said = document.getElementById("connection");
const words = list.dataset;
const most = 500;

// As the server writes them, in Vietnamese time wherever the browser stands.
const zone = { timeZone: "Asia/Ho_Chi_Minh" };
const clock = new Intl.DateTimeFormat("en-GB", { ...zone, timeStyle: "medium" });
const day = new Intl.DateTimeFormat("en-GB", { ...zone, dateStyle: "short" });

function element(name, text, href) {
  const made = document.createElement(name);
  made.textContent = text;
  if (href) made.href = href;
  return made;
}

function cell(label, content, number) {
  const made = document.createElement("td");
  made.dataset.label = label;
  if (number) made.className = "n";
  made.append(content);
  return made;
}

function show(event) {
  const row = document.createElement("tr");
  const head = element("th", "");
  const time = new Date(event.recorded_at);
  const role = event.role ? words["role_" + event.role] || event.role : "–";
  head.scope = "row";
  head.append(element("a", event.type, words.trace + (event.subject || event.correlation_id)));
  row.append(
    head,
    cell(words.recorded, `${clock.format(time)} ${day.format(time)}`),
    cell(words.source, event.log_id),
    cell(words.position, element("a", event.position, `/${event.log_id}/ops/events/${event.position}`), true),
    cell(words.key, element("code", event.key)),
    cell(words.role, role),
  );
  list.prepend(row);
  while (list.rows.length > most) list.lastElementChild.remove();
}

const source = new EventSource(words.events);
let opened = false;
source.onopen = () => { opened = true; said.textContent = words.open; };
source.onerror = () => {
  said.textContent = words.lost;
  // Refused, and not for the first time: the login has ended. The page, asked for again, brings a new one.
  if (opened && source.readyState === EventSource.CLOSED) location.reload();
};
source.onmessage = (message) => show(JSON.parse(message.data));
