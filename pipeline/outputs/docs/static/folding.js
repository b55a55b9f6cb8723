// What stays of a graph where some of its nodes are folded away: edges lead through them.
// Pure functions; nothing here touches the page.
"use strict";

const Folding = (() => {
  /**
   * The edges into nodes that are shown. One that leads through folded nodes only says where a node comes
   * from in the end: it is left out where a longer way says the same.
   *
   * @param shown the nodes that are shown, each one a string or a number.
   * @param into node → [{from, kind}], of any node.
   * @returns [{from, to, kind, folded}]; `folded` says whether it leads through nodes that are not shown. The
   *   kind of such an edge is the highest on its way.
   */
  function edges(shown, into) {
    const found = new Map(); // "from to kind" → edge
    for (const to of shown) {
      const pending = into(to).map(({ from, kind }) => ({ from, kind, folded: false }));
      const seen = new Set();
      while (pending.length) {
        const { from, kind, folded } = pending.pop();
        if (shown.has(from)) {
          const key = `${from} ${to} ${kind}`;
          if (!found.get(key) || found.get(key).folded) found.set(key, { from, to, kind, folded });
          continue;
        }
        if (seen.has(`${from} ${kind}`)) continue;
        seen.add(`${from} ${kind}`);
        for (const next of into(from)) pending.push({ from: next.from, kind: Math.max(kind, next.kind), folded: true });
      }
    }
    return withoutShortcuts([...found.values()]);
  }

  function withoutShortcuts(all) {
    const after = new Map();
    for (const { from, to } of all) {
      if (!after.has(from)) after.set(from, new Set());
      after.get(from).add(to);
    }
    const isLonger = ({ from, to }) => {
      const pending = [...after.get(from)].filter((next) => next !== to);
      const seen = new Set(pending);
      while (pending.length) {
        for (const next of after.get(pending.pop()) ?? []) {
          if (next === to) return true;
          if (!seen.has(next)) { seen.add(next); pending.push(next); }
        }
      }
      return false;
    };
    return all.filter((edge) => !edge.folded || !isLonger(edge));
  }

  return { edges };
})();
globalThis.Folding = Folding;
