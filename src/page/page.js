"use strict";
{
  const field = (id) => document.getElementById(id);
  const [search, cluster, namespace, role] = ["search", "cluster", "namespace", "role"].map(field);
  // What is shown, and the ARNs behind it.
  const text = (row) => [row.textContent, ...Array.from(row.querySelectorAll("[title]"), (it) => it.title)].join(" ").toLowerCase();
  const rows = Array.from(document.querySelectorAll("tr[data-role]"), (row) => ({ row, text: text(row) }));
  const groups = document.querySelectorAll("[data-group]");
  const heat = document.querySelector(".heat table");
  const roles = heat ? Array.from(heat.querySelectorAll("thead .up"), (head) => head.dataset.names.split("\n")) : [];

  const everything = field("count").textContent;

  const isChosen = (select, value) => select.value === "" || select.value === value;
  // What is hidden already is not touched, so that the browser lays out nothing twice.
  const show = (element, isShown) => {
    if (element.hidden === isShown) element.hidden = !isShown;
  };

  const map = () => {
    const shown = roles.map((names) => role.value === "" || names.includes(role.value));
    for (const line of heat.rows) {
      Array.from(line.cells).slice(1).forEach((cell, at) => show(cell, shown[at]));
      const { cluster: one, namespace: other } = line.dataset;
      if (one !== undefined) show(line, isChosen(cluster, one) && isChosen(namespace, other));
    }
  };

  const filter = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const { row, text } of rows) {
      const { cluster: one, namespace: other, role: third } = row.dataset;
      const isShown =
        isChosen(cluster, one) && isChosen(namespace, other) && isChosen(role, third) && words.every((word) => text.includes(word));
      if (isShown) count += 1;
      show(row, isShown);
    }
    for (const group of groups) show(group, group.querySelector("tbody tr:not([hidden])") !== null);
    if (heat) map();
    field("count").textContent =
      count === rows.length ? everything : count === 0 ? "no workload matches" : `${count} of ${rows.length} workloads`;
  };

  let waiting;
  const soon = () => {
    clearTimeout(waiting);
    waiting = setTimeout(filter, 80);
  };
  search.addEventListener("input", soon);
  for (const select of [cluster, namespace, role]) select.addEventListener("change", filter);
  field("clear").addEventListener("click", () => {
    for (const input of [search, cluster, namespace, role]) input.value = "";
    filter();
    search.focus();
  });
  show(field("filters"), true);
  // A browser that goes back fills in what was there.
  filter();
}
