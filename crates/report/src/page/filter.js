const filter = document.getElementById("filter");
const parts = [...document.querySelectorAll("#timeline details")].map((part) => [part, part.open]);
filter.hidden = false;
filter.addEventListener("input", () => {
  const wanted = filter.value.trim().toLowerCase();
  for (const [part, open] of parts) {
    let found = false;
    for (const row of part.querySelectorAll("tbody tr")) {
      row.hidden = !row.textContent.toLowerCase().includes(wanted);
      found ||= !row.hidden;
    }
    part.hidden = !found;
    part.open = wanted ? found : open;
  }
});
