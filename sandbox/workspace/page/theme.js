// Runs before anything is drawn, so that a page in a chosen theme does not flash in the other one.
const chosen = localStorage.getItem("theme");
if (chosen) document.documentElement.dataset.theme = chosen;
