// Before anything is drawn: the theme that was chosen last, if one was.
"use strict";
try {
  const theme = localStorage.getItem("aa-theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch { /* a browser that stores nothing follows the system */ }
