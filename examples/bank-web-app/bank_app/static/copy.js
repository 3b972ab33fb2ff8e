// Copy buttons, where there are scripts and a clipboard; without them the codes are selected and copied by hand.
if (navigator.clipboard) {
  for (const button of document.querySelectorAll("[data-copy]")) {
    button.hidden = false;
    const field = document.getElementById(button.dataset.copy);
    const label = document.querySelector(`label[for="${field.id}"]`).textContent;
    button.setAttribute("aria-label", `Copy ${label}`);
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(field.value);
      document.getElementById("copied").textContent = `${label} copied`;
    });
  }
}
