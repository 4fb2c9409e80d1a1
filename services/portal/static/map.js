"use strict";
(() => {
  const holder = document.getElementById("map");
  if (!holder || !window.L) return;
  const said = holder.dataset;
  const CHINA = [[18, 74], [53, 135]];
  const FINE_FROM = 5;
  const CLOSEST = { maxZoom: 7, padding: [36, 36] };
  let map = null;

  const places = () => {
    if (said.lat) return [{ at: [Number(said.lat), Number(said.lon)], title: said.title, href: "" }];
    return [...document.querySelectorAll(".cards [data-lat]")].map((card) => ({
      at: [Number(card.dataset.lat), Number(card.dataset.lon)],
      title: card.dataset.title,
      href: card.dataset.href,
      card,
    }));
  };

  const drawLand = () => {
    if (said.tiles) {
      L.tileLayer(said.tiles, { maxZoom: 18 }).addTo(map);
      return;
    }
    map.attributionControl.addAttribution(said.credit);
    const known = new Map();
    let drawn = null;
    const draw = async () => {
      const address = map.getZoom() >= FINE_FROM ? said.landFine : said.land;
      if (drawn?.address === address) return;
      if (!known.has(address)) {
        known.set(address, fetch(address).then((answer) => answer.json()).then((world) =>
          topojson.feature(world, world.objects.land)));
      }
      const land = await known.get(address);
      if (drawn?.address === address) return;
      drawn?.layer.remove();
      const layer = L.geoJSON(land, { interactive: false, style: { className: "land", weight: 1 } }).addTo(map);
      layer.bringToBack();
      drawn = { address, layer };
    };
    map.on("zoomend", draw);
    draw();
  };

  const popup = (group) => {
    const links = document.createElement("div");
    for (const place of group) {
      const link = document.createElement("a");
      link.textContent = place.title;
      link.href = place.href;
      links.append(link);
    }
    return links;
  };

  // What stands at one address shares a pin; else all but the last would be out of reach.
  const grouped = (found) => {
    const groups = new Map();
    for (const place of found) {
      const key = place.at.map((degrees) => degrees.toFixed(4)).join();
      groups.set(key, [...(groups.get(key) || []), place]);
    }
    return [...groups.values()];
  };

  const pin = (group) => {
    const drop = document.createElement("span");
    if (group.length > 1) {
      const number = document.createElement("b");
      number.textContent = String(group.length);
      drop.className = "several";
      drop.append(number);
    }
    return L.divIcon({ className: "pin", iconSize: [28, 28], iconAnchor: [14, 28], popupAnchor: [0, -26], html: drop });
  };

  const mark = () => {
    const found = places();
    for (const group of grouped(found)) {
      const title = group.map((place) => place.title).join("\n");
      const linked = Boolean(group[0].href);
      const marker = L.marker(group[0].at, { icon: pin(group), title, alt: title, keyboard: linked, interactive: linked });
      marker.addTo(map);
      if (!linked) continue;
      marker.bindPopup(() => popup(group));
      const lit = (on) => marker.getElement()?.classList.toggle("lit", on);
      for (const { card } of group) {
        card.addEventListener("pointerenter", () => lit(true));
        card.addEventListener("pointerleave", () => lit(false));
      }
    }
    return found;
  };

  const frame = (found) => {
    const box = (said.box || "").split(",").map(Number);
    if (box.length === 4 && box.every(Number.isFinite)) {
      const [south, west, north, east] = box;
      map.fitBounds([[south, west], [north, east < west ? east + 360 : east]]);
    } else if (found.length) map.fitBounds(L.latLngBounds(found.map((place) => place.at)), CLOSEST);
    else map.fitBounds(CHINA);
  };

  const offerArea = () => {
    const button = document.getElementById("search-here");
    if (!button) return;
    const within = (value, most) => Math.min(most, Math.max(-most, value)).toFixed(4);
    const round = (value) => ((((value + 180) % 360) + 360) % 360 - 180).toFixed(4);
    const update = () => {
      const seen = map.getBounds();
      const all = seen.getEast() - seen.getWest() >= 360;
      const west = all ? "-180" : round(seen.getWest());
      const east = all ? "180" : round(seen.getEast());
      const box = [within(seen.getSouth(), 90), west, within(seen.getNorth(), 90), east].join(",");
      button.href = said.areaHref.replace("{box}", encodeURIComponent(box));
      button.hidden = false;
    };
    map.on("dragend", update);
    // Zooming by the buttons or fingers counts as moving; the first framing does not.
    setTimeout(() => map.on("zoomend", update), 400);
  };

  const start = () => {
    if (map) return map.invalidateSize();
    const still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    map = L.map(holder, { zoomControl: false, worldCopyJump: true, minZoom: 2, maxZoom: 18, fadeAnimation: !still, zoomAnimation: !still, markerZoomAnimation: !still });
    map.attributionControl.setPrefix("Leaflet");
    L.control.zoom({ zoomInTitle: said.zoomIn, zoomOutTitle: said.zoomOut, position: "bottomright" }).addTo(map);
    L.control.scale({ imperial: false }).addTo(map);
    const found = mark();
    frame(found);
    drawLand();
    offerArea();
    const none = document.querySelector(".map-none");
    if (none) none.hidden = found.length > 0;
    return map;
  };

  // A folded map has no size to draw in.
  const fold = holder.closest("details");
  if (!fold || fold.open) start();
  fold?.addEventListener("toggle", () => fold.open && start());
})();
