// Tabs by the ARIA pattern: the Tab key reaches one of them, and the arrow keys move between them.
"use strict";

class Tabs {
  constructor(list, onShow) {
    this.tabs = [...list.querySelectorAll('[role="tab"]')];
    this.onShow = onShow;
    for (const tab of this.tabs) tab.addEventListener("click", () => this.show(tab.id));
    list.addEventListener("keydown", (press) => this.onKey(press));
  }

  // Shows a tab by its name. An unknown name shows nothing.
  show(id, { quietly = false } = {}) {
    if (!this.tabs.some((tab) => tab.id === id)) return;
    this.shown = id;
    for (const tab of this.tabs) {
      const isShown = tab.id === id;
      tab.setAttribute("aria-selected", isShown);
      tab.tabIndex = isShown ? 0 : -1;
      byId(tab.getAttribute("aria-controls")).hidden = !isShown;
    }
    if (!quietly) this.onShow(id);
  }

  onKey(press) {
    const at = this.tabs.findIndex((tab) => tab.id === this.shown);
    const last = this.tabs.length - 1;
    const next = {
      ArrowRight: at === last ? 0 : at + 1,
      ArrowLeft: at === 0 ? last : at - 1,
      Home: 0,
      End: last,
    }[press.key];
    if (next === undefined) return;
    press.preventDefault();
    this.tabs[next].focus();
    this.show(this.tabs[next].id);
  }
}
