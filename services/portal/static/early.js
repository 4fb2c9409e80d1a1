// Before the first paint, so that what needs scripts does not jump into view later.
document.documentElement.classList.add("js");
