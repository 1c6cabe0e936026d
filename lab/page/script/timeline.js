// The timeline: the page that the module makes of a trace, in a frame without any other rights.
"use strict";

class Timeline {
  constructor(place, title) {
    this.place = place;
    this.title = title;
    this.isShown = false;
  }

  // Shows a page. `at` is a place in it, as the page's address names places.
  show(page, at) {
    const frame = make("iframe", {
      sandbox: "allow-scripts allow-downloads",
      title: this.title,
    });
    frame.srcdoc = page;
    this.frame = frame;
    this.isLoaded = false;
    this.isShown = true;
    frame.addEventListener("load", () => {
      this.isLoaded = true;
      this.tell("theme=" + (document.documentElement.dataset.theme || "light"));
      if (at) this.tell(at);
      if (this.next) this.tell(this.next);
      this.next = null;
    });
    this.place.replaceChildren(frame);
  }

  // Goes to a place, now or when the page has loaded.
  go(at) {
    if (this.isLoaded) this.tell(at);
    else this.next = at;
  }

  tell(words) {
    this.frame?.contentWindow?.postMessage(words, "*");
  }

  say(words) {
    this.frame = null;
    this.isShown = false;
    this.place.replaceChildren(make("p", { class: "empty quiet" }, words));
  }
}
