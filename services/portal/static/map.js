"use strict";
(() => {
  const holder = document.getElementById("map");
  if (!holder) return;
  const said = holder.dataset;
  const CHINA = [[18, 74], [53, 135]];
  const FINE_FROM = 5;
  const CLOSEST = { maxZoom: 8, padding: [36, 36] };
  const APART = 34; // pixels between pins that can be touched one by one
  const NAMES_FROM = [3, 4, 6]; // the zoom from which places of each rank are named
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

  // The rings lie on a sphere: one that passes 180 degrees would be drawn right across a flat map.
  const flat = (ring) => {
    let turn = 0;
    let before = ring[0][0];
    const line = ring.map(([lon, lat]) => {
      if (lon - before > 180) turn -= 360;
      if (lon - before < -180) turn += 360;
      before = lon;
      return [lon + turn, lat];
    });
    // Around the whole world: only Antarctica, whose other edge is the pole.
    return turn ? [...line, [line.at(-1)[0], -90], [line[0][0], -90], line[0]] : line;
  };

  const planar = (land) => {
    const shapes = land.features ? land.features.map((one) => one.geometry) : [land.geometry];
    const polygons = shapes.flatMap((one) => (one.type === "Polygon" ? [one.coordinates] : one.coordinates));
    const drawn = polygons.map((rings) => rings.map(flat));
    const aside = (rings, by) => rings.map((ring) => ring.map(([lon, lat]) => [lon + by, lat]));
    const east = drawn.filter((rings) => rings[0].some(([lon]) => lon > 180)).map((rings) => aside(rings, -360));
    const west = drawn.filter((rings) => rings[0].some(([lon]) => lon < -180)).map((rings) => aside(rings, 360));
    return { type: "MultiPolygon", coordinates: [...drawn, ...east, ...west] };
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
          planar(topojson.feature(world, world.objects.land))));
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

  const placeNames = async () => {
    const pane = map.createPane("names");
    pane.style.zIndex = "450";
    pane.style.pointerEvents = "none";
    const language = document.documentElement.lang.startsWith("zh") ? 0 : 1;
    const known = await fetch(said.places).then((answer) => answer.json());
    const named = L.layerGroup().addTo(map);
    const name = () => {
      named.clearLayers();
      const seen = map.getBounds().pad(0.1);
      for (const [zh, en, lat, lon, rank] of known) {
        if (map.getZoom() < NAMES_FROM[rank - 1] || !seen.contains([lat, lon])) continue;
        const label = document.createElement("span");
        label.textContent = language ? en : zh;
        const icon = L.divIcon({ className: "place-name", iconSize: null, iconAnchor: [0, -14], html: label });
        L.marker([lat, lon], { icon, pane: "names", interactive: false, keyboard: false }).addTo(named);
      }
    };
    map.on("moveend", name);
    name();
  };

  // Pins that would cover each other share one; else all but the last would be out of reach.
  const grouped = (found) => {
    const groups = [];
    for (const place of found) {
      const point = map.project(place.at);
      const near = groups.find((group) => group.point.distanceTo(point) < APART);
      if (near) near.push(place);
      else groups.push(Object.assign([place], { point }));
    }
    return groups;
  };

  const pin = (group) => {
    const drop = document.createElement("span");
    if (group.length > 1) {
      const number = document.createElement("b");
      number.textContent = String(group.length);
      drop.className = "several";
      drop.append(number);
    }
    return L.divIcon({ className: "pin", iconSize: [28, 28], iconAnchor: group.length > 1 ? [14, 14] : [14, 28], popupAnchor: [0, group.length > 1 ? -12 : -26], html: drop });
  };

  const CLOSE_UP = 13;

  const mark = (found) => {
    const pins = L.layerGroup().addTo(map);
    const markers = new Map();
    const put = () => {
      pins.clearLayers();
      markers.clear();
      for (const group of grouped(found)) {
        const title = group.map((place) => place.title).join("\n");
        const linked = Boolean(group[0].href);
        const marker = L.marker(group[0].at, { icon: pin(group), title, alt: title, keyboard: linked, interactive: linked });
        marker.addTo(pins);
        for (const place of group) markers.set(place, marker);
        if (!linked) continue;
        const spread = L.latLngBounds(group.map((place) => place.at));
        const together = spread.getNorthWest().distanceTo(spread.getSouthEast()) < 50;
        if (together || group.length === 1) marker.bindPopup(() => popup(group));
        else marker.on("click", () => map.fitBounds(spread, { maxZoom: CLOSE_UP, padding: [48, 48] }));
      }
    };
    map.on("zoomend", put);
    put();
    for (const place of found) {
      const lit = (on) => markers.get(place)?.getElement()?.classList.toggle("lit", on);
      place.card?.addEventListener("pointerenter", () => lit(true));
      place.card?.addEventListener("pointerleave", () => lit(false));
    }
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

  const loaded = (tag, address) => new Promise((done, failed) => {
    const element = document.createElement(tag);
    if (tag === "link") element.rel = "stylesheet";
    element[tag === "link" ? "href" : "src"] = address;
    element.addEventListener("load", done);
    element.addEventListener("error", failed);
    // Before the page's own styles, which say more than the library's.
    document.head.prepend(element);
  });

  // The library is most of the page's weight, and a map that stays folded needs none of it.
  let library = null;
  const start = async () => {
    if (map) return map.invalidateSize();
    if (library) return library;
    library = Promise.all([loaded("link", said.sheet), ...said.scripts.split(" ").map((one) => loaded("script", one))]);
    await library;
    return begin();
  };

  const begin = () => {
    const still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    map = L.map(holder, { zoomControl: false, worldCopyJump: true, minZoom: 2, maxZoom: 18, fadeAnimation: !still, zoomAnimation: !still, markerZoomAnimation: !still, renderer: L.svg({ padding: 0.5 }) });
    map.attributionControl.setPrefix("Leaflet");
    L.control.zoom({ zoomInTitle: said.zoomIn, zoomOutTitle: said.zoomOut, position: "bottomright" }).addTo(map);
    L.control.scale({ imperial: false }).addTo(map);
    const found = places();
    frame(found);
    mark(found);
    drawLand();
    if (!said.tiles) placeNames();
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
