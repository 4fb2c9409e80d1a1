"use strict";
(() => {
  // Folded on a phone, open where there is room; readers' own choices stay.
  if (window.matchMedia("(min-width: 60rem)").matches) {
    for (const fold of document.querySelectorAll("details[data-open-wide]")) fold.open = true;
  }

  for (const select of document.querySelectorAll("select[data-submits]")) {
    select.addEventListener("change", () => select.form.requestSubmit());
  }

  const tab = document.querySelector(".tabs [aria-current]");
  if (tab) tab.closest(".tabs").scrollLeft = tab.offsetLeft - 64;

  // Fields left empty stay out of the address.
  for (const form of document.querySelectorAll("form[data-lean]")) {
    form.addEventListener("submit", () => {
      for (const field of form.querySelectorAll("input")) field.disabled = !field.value.trim();
    });
  }

  // A sign-in link's token leaves the address bar even where the link needs a confirmation first.
  if (location.pathname === "/sign-in" && new URLSearchParams(location.search).has("token")) {
    history.replaceState(null, "", "/sign-in");
  }

  // An invitation's credential stands after `#`, which reaches no server before its own form sends it.
  const invited = document.getElementById("invited");
  const follow = () => {
    if (!location.hash.startsWith("#hub_inv-")) return;
    invited.elements.invitation.value = location.hash.slice(1);
    history.replaceState(null, "", location.pathname);
    invited.requestSubmit();
  };
  if (invited) {
    follow();
    window.addEventListener("hashchange", follow);
  }

  for (const time of document.querySelectorAll("time[data-clock]")) {
    const tongue = document.documentElement.lang === "en" ? "en-GB" : "zh-CN";
    time.textContent = new Date(time.dateTime).toLocaleString(tongue, { dateStyle: "medium", timeStyle: "short" });
  }

  for (const field of document.querySelectorAll("input[data-whole]")) {
    field.addEventListener("focus", () => field.select());
  }

  for (const button of document.querySelectorAll("[data-copy]")) {
    button.addEventListener("click", async () => {
      const field = document.getElementById(button.dataset.copy);
      field.select();
      try {
        // Absent where the page came by plain HTTP from another machine; the older way works there, too.
        if (navigator.clipboard) await navigator.clipboard.writeText(field.value);
        else if (!document.execCommand("copy")) return;
        button.textContent = button.dataset.copied;
      } catch {
        field.focus();
      }
    });
  }

  const current = document.querySelector(".days [aria-current]");
  if (current) current.closest("ul").scrollLeft = current.offsetLeft - 64;

  const button = document.getElementById("near-me");
  if (!button || !navigator.geolocation) return;
  const told = document.getElementById("near-told");
  button.hidden = false;
  button.addEventListener("click", () => {
    button.disabled = true;
    told.textContent = button.dataset.asking;
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        // Three decimals are about a hundred metres: enough to sort by, and no more than needed is told.
        const here = `${coords.latitude.toFixed(3)},${coords.longitude.toFixed(3)}`;
        location.assign(button.dataset.href.replace("{near}", here));
      },
      () => {
        button.disabled = false;
        told.textContent = told.dataset.refused;
      },
      { timeout: 10000, maximumAge: 300000 },
    );
  });
})();
