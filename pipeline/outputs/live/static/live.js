// Loads the page anew once a build has published; its address keeps what is chosen.
"use strict";
{
  const SECONDS = 3;
  const { version } = document.currentScript.dataset;
  const told = document.getElementById("live-state");

  async function look() {
    if (document.visibilityState === "hidden") return; // nobody sees it; it looks once it is seen
    try {
      const answer = await fetch("/version", { cache: "no-store" });
      if (!answer.ok) throw new Error(answer.statusText);
      if ((await answer.json()).version !== version) location.reload();
      told.textContent = "";
    } catch {
      told.textContent = "The server does not answer: these are numbers of before.";
    }
  }

  setInterval(look, 1000 * SECONDS);
  document.addEventListener("visibilitychange", look);
}
