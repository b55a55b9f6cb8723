// Draws a directed graph in layers from left to right, with few crossings (after Sugiyama):
//   1. ranks: each node right of everything it reads, as near to its readers as that allows
//   2. bends: an edge that spans several ranks gets a point in each of them
//   3. order within each rank: sweeps that sort by the middle of the neighbours, then swaps
//   4. heights: each item as near to its neighbours as the items around it allow
// Pure functions; nothing here touches the page.
"use strict";

const Layout = (() => {
  const SWEEPS = 16;
  const ROUNDS = 16;

  /**
   * @param nodes [{id, width, height, sequence}]; `sequence` breaks ties, so that the same graph looks the same.
   * @param edges [[from id, to id]], without circles.
   * @param gap {x, y} between ranks and between items of a rank.
   * @returns {nodes: Map id → {x, y, rank, order}, edges: [[{x, y}, …]], width, height}
   */
  function arrange(nodes, edges, gap) {
    const items = new Map(nodes.map((node) => [node.id, { ...node, before: [], after: [], bend: false }]));
    const near = edges.filter(([from, to]) => items.has(from) && items.has(to));
    const ranks = rank(items, near);
    const routes = route(items, near, ranks);
    order(ranks);
    const [width, height] = place(ranks, gap);
    return {
      nodes: new Map(nodes.map(({ id }) => [id, items.get(id)])),
      edges: new Map(near.map(([from, to], index) => [`${from} ${to}`, routes[index]])),
      width,
      height,
    };
  }

  function rank(items, edges) {
    const reads = new Map([...items.keys()].map((id) => [id, []]));
    const readers = new Map([...items.keys()].map((id) => [id, []]));
    for (const [from, to] of edges) { reads.get(to).push(from); readers.get(from).push(to); }
    const sorted = [];
    const waiting = new Map([...reads].map(([id, of]) => [id, of.length]));
    for (const [id, open] of waiting) if (!open) sorted.push(id);
    for (let next = 0; next < sorted.length; next++) {
      for (const id of readers.get(sorted[next])) {
        waiting.set(id, waiting.get(id) - 1);
        if (!waiting.get(id)) sorted.push(id);
      }
    }
    for (const id of sorted) items.get(id).rank = Math.max(-1, ...reads.get(id).map((from) => items.get(from).rank)) + 1;
    // What reads nothing stands right before its first reader, unless it is where the data comes from.
    for (const id of sorted) {
      const first = Math.min(...readers.get(id).map((to) => items.get(to).rank));
      if (!reads.get(id).length && first < Infinity && !items.get(id).pinned) items.get(id).rank = first - 1;
    }
    const ranks = [];
    for (const item of items.values()) (ranks[item.rank] ??= []).push(item);
    const used = ranks.filter(Boolean);
    used.forEach((of, index) => { for (const item of of) item.rank = index; });
    for (const of of used) of.sort((a, b) => a.sequence - b.sequence);
    return used;
  }

  function route(items, edges, ranks) {
    const bends = new Map(); // edges from one node share their bends: they look like one that branches
    return edges.map(([from, to]) => {
      const start = items.get(from);
      const end = items.get(to);
      const route_ = [start];
      for (let at = start.rank + 1; at < end.rank; at++) {
        const key = `${from} ${at}`;
        if (!bends.has(key)) {
          const bend = { bend: true, rank: at, width: 0, height: 0, before: [], after: [], sequence: start.sequence };
          bends.set(key, bend);
          ranks[at].push(bend);
        }
        route_.push(bends.get(key));
      }
      route_.push(end);
      for (let i = 1; i < route_.length; i++) {
        if (!route_[i - 1].after.includes(route_[i])) {
          route_[i - 1].after.push(route_[i]);
          route_[i].before.push(route_[i - 1]);
        }
      }
      return route_;
    });
  }

  function order(ranks) {
    number(ranks);
    let best = snapshot(ranks);
    let fewest = crossings(ranks);
    for (let sweep = 0; sweep < SWEEPS && fewest > 0; sweep++) {
      const rightwards = sweep % 2 === 0;
      const side = rightwards ? "before" : "after";
      for (const of of rightwards ? ranks : [...ranks].reverse()) sortByMiddle(of, side, sweep % 4 > 1);
      swap(ranks);
      const now = crossings(ranks);
      if (now < fewest) { fewest = now; best = snapshot(ranks); }
    }
    ranks.forEach((of, index) => of.splice(0, of.length, ...best[index]));
    number(ranks);
  }

  const snapshot = (ranks) => ranks.map((of) => [...of]);
  const number = (ranks) => ranks.forEach((of) => of.forEach((item, index) => { item.order = index; }));

  function sortByMiddle(of, side, leftmost) {
    for (const item of of) {
      const near = item[side].map((other) => other.order).sort((a, b) => a - b);
      if (!near.length) item.middle = item.order;
      else if (leftmost) item.middle = near.reduce((sum, value) => sum + value, 0) / near.length;
      else item.middle = (near[(near.length - 1) >> 1] + near[near.length >> 1]) / 2;
    }
    of.sort((a, b) => a.middle - b.middle || a.order - b.order);
    of.forEach((item, index) => { item.order = index; });
  }

  /** Swaps neighbours wherever that takes crossings away. */
  function swap(ranks) {
    for (let round = 0, better = true; better && round < 4; round++) {
      better = false;
      for (const of of ranks) {
        for (let i = 1; i < of.length; i++) {
          const [upper, lower] = [of[i - 1], of[i]];
          if (gain(upper.before, lower.before) + gain(upper.after, lower.after) <= 0) continue;
          of[i - 1] = lower; of[i] = upper;
          lower.order = i - 1; upper.order = i;
          better = true;
        }
      }
    }
  }

  /** How many crossings fewer there would be on one side if two neighbours changed places. */
  function gain(upper, lower) {
    let count = 0;
    for (let i = 0; i < upper.length; i++) {
      const end = upper[i].order;
      for (let j = 0; j < lower.length; j++) {
        if (end > lower[j].order) count++;
        else if (end < lower[j].order) count--;
      }
    }
    return count;
  }

  function crossings(ranks) {
    let count = 0;
    for (let at = 0; at + 1 < ranks.length; at++) {
      const ends = ranks[at].flatMap((item) => item.after.map((other) => other.order).sort((a, b) => a - b));
      const size = ranks[at + 1].length;
      const tree = new Array(size + 1).fill(0); // counts ends seen so far, by place (Fenwick)
      ends.forEach((end, seen) => {
        let below = 0;
        for (let i = end + 1; i > 0; i -= i & -i) below += tree[i];
        count += seen - below;
        for (let i = end + 1; i <= size; i += i & -i) tree[i]++;
      });
    }
    return count;
  }

  function place(ranks, gap) {
    let x = 0;
    for (const of of ranks) {
      const width = Math.max(...of.map((item) => item.width));
      for (const item of of) { item.x = x; item.rankWidth = width; if (item.bend) item.width = width; }
      x += width + gap.x;
      let y = 0;
      for (const item of of) { item.middleY = y + item.height / 2; y += item.height + space(item, gap); }
    }
    for (let round = 0; round < ROUNDS; round++) {
      for (const of of round % 2 ? [...ranks].reverse() : ranks) settle(of, gap);
    }
    const items = ranks.flat();
    const top = Math.min(...items.map((item) => item.middleY - item.height / 2));
    for (const item of items) { item.middleY -= top; item.y = item.middleY - item.height / 2; }
    return [x - gap.x, Math.max(...items.map((item) => item.y + item.height))];
  }

  const space = (item, gap) => (item.bend ? gap.y * 0.7 : gap.y);

  /** Moves the items of a rank to the middle of their neighbours, in order and without overlap. */
  function settle(of, gap) {
    // Least squares in a fixed order: neighbours that would overlap are merged into one block.
    const blocks = [];
    const centre = of.reduce((sum, item) => sum + item.middleY, 0) / of.length;
    let offset = 0;
    of.forEach((item, index) => {
      if (index) {
        const above = of[index - 1];
        offset += (above.height + item.height) / 2 + Math.min(space(above, gap), space(item, gap));
      }
      item.offset = offset;
      let sum = 0;
      let weight = 0;
      for (const side of ["before", "after"]) {
        for (const other of item[side]) {
          const pull = item.bend && other.bend ? 8 : item.bend || other.bend ? 2 : 1;
          sum += pull * other.middleY;
          weight += pull;
        }
      }
      const wanted = weight ? sum / weight : centre;
      weight ||= 0.001; // what stands alone keeps close to the others
      const block = { first: index, weight, sum: weight * (wanted - offset) };
      while (blocks.length && blocks.at(-1).sum / blocks.at(-1).weight >= block.sum / block.weight) {
        const above = blocks.pop();
        block.first = above.first;
        block.weight += above.weight;
        block.sum += above.sum;
      }
      blocks.push(block);
    });
    blocks.forEach((block, index) => {
      const end = blocks[index + 1]?.first ?? of.length;
      for (let i = block.first; i < end; i++) of[i].middleY = block.sum / block.weight + of[i].offset;
    });
  }

  return { arrange, crossings };
})();
