// Follows the payment on the page: reloads when its state changes, counts down, and posts
// the form that goes to the institution. Pages work without it.
(() => {
  "use strict";
  const lang = document.documentElement.lang;
  const card = document.querySelector("main[data-live]");

  if (card) {
    const base = "/pay/" + encodeURIComponent(card.dataset.live);
    const known = card.dataset.version;
    const look = (state) => {
      if (String(state.version) !== known) location.replace(location.pathname);
    };
    let timer = 0;
    const poll = () => {
      if (timer) return;
      timer = setInterval(() => {
        if (document.hidden) return;
        fetch(base + "/status", { cache: "no-store" }).then((r) => r.ok && r.json()).then((s) => s && look(s)).catch(() => {});
      }, 3000);
    };
    if ("EventSource" in window) {
      const stream = new EventSource(base + "/events");
      let heard = false;
      stream.onmessage = (e) => {
        heard = true;
        look(JSON.parse(e.data));
      };
      stream.onerror = () => {
        if (!heard || stream.readyState === EventSource.CLOSED) {
          stream.close();
          poll();
        }
      };
    } else {
      poll();
    }
    // A phone that comes back from the wallet's app has missed what happened meanwhile.
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) fetch(base + "/status", { cache: "no-store" }).then((r) => r.ok && r.json()).then((s) => s && look(s)).catch(() => {});
    });
  }

  for (const el of document.querySelectorAll("time[data-local]")) {
    el.textContent = new Intl.DateTimeFormat(lang, { dateStyle: "medium", timeStyle: "short" }).format(new Date(el.dateTime));
  }

  for (const el of document.querySelectorAll("time[data-countdown]")) {
    const end = new Date(el.dateTime).getTime();
    const two = (n) => String(n).padStart(2, "0");
    const tick = () => {
      const left = Math.max(0, Math.floor((end - Date.now()) / 1000));
      if (left >= 86400) {
        el.textContent = new Intl.DateTimeFormat(lang, { dateStyle: "medium", timeStyle: "short" }).format(new Date(end));
        return;
      }
      const hours = Math.floor(left / 3600);
      el.textContent = (hours ? hours + ":" : "") + two(Math.floor((left % 3600) / 60)) + ":" + two(left % 60);
      el.classList.toggle("soon", left < 60);
    };
    const label = el.parentElement.querySelector("[data-counting]");
    if (label && end - Date.now() < 864e5) label.textContent = label.dataset.counting;
    el.setAttribute("role", "timer");
    tick();
    setInterval(tick, 1000);
  }

  // One click is enough, and the page says so. The server would take the second for the first anyway.
  for (const form of document.querySelectorAll("form")) {
    form.addEventListener("submit", () => {
      form.classList.add("sent");
      form.setAttribute("aria-busy", "true");
    });
  }

  const auto = document.querySelector("form[data-submit]");
  if (auto) auto.submit();
})();
