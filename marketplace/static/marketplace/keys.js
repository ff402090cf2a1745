// Single keys on a reviewer's pages: they do what an element's access key does, or go from card to card.
const setting = document.querySelector("[data-keys]");
const isOn = setting.querySelector("input");
setting.hidden = false;
isOn.checked = localStorage.getItem("keys") !== "off";
isOn.addEventListener("change", () => localStorage.setItem("keys", isOn.checked ? "on" : "off"));

function goToCard(step) {
  const cards = [...document.querySelectorAll("[data-card]")];
  const at = cards.indexOf(document.activeElement);
  cards[at < 0 ? 0 : Math.min(Math.max(at + step, 0), cards.length - 1)]?.focus();
}

document.addEventListener("keydown", (event) => {
  const field = event.target.matches("input:not([type=radio], [type=checkbox]), textarea, select");
  if (event.key === "Escape" && field) event.target.blur();
  if (!isOn.checked || field || event.ctrlKey || event.altKey || event.metaKey) return;
  const target = document.querySelector(`[accesskey="${CSS.escape(event.key)}"]`);
  if (target) {
    event.preventDefault();
    target.click();
    if (target.type === "radio") document.getElementById("reason").focus();
  } else if (event.key === "j" || event.key === "k") {
    goToCard(event.key === "j" ? 1 : -1);
  }
});
