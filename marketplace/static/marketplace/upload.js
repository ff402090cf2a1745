// Sends chosen files one by one, each with its own progress and outcome. Without this the form sends them all at once.
const form = document.querySelector("[data-upload]");
const list = document.querySelector("[data-outcomes]");
const chosen = form.querySelector("input[type=file]");

function row(name) {
  const item = list.appendChild(document.createElement("li"));
  item.append(name, " ");
  const progress = item.appendChild(document.createElement("progress"));
  progress.setAttribute("aria-label", name);
  progress.value = 0;
  return { item, progress };
}

function tell(item, sentence, isGood, url) {
  item.textContent = "";
  const said = item.appendChild(document.createElement(url ? "a" : "span"));
  said.textContent = sentence;
  said.className = isGood ? "good" : "bad";
  if (url) said.href = url;
}

function send(file) {
  const { item, progress } = row(file.name);
  const body = new FormData(form);
  body.set(chosen.name, file);
  return new Promise((done) => {
    const request = new XMLHttpRequest();
    request.open("POST", form.action);
    request.setRequestHeader("Accept", "application/json");
    request.responseType = "json";
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) progress.value = event.loaded / event.total;
    });
    request.addEventListener("loadend", () => {
      const answer = request.status === 200 ? request.response : null;
      const taken = answer?.taken[0];
      if (taken) tell(item, taken.sentence, taken.is_accepted, taken.url);
      else tell(item, `${file.name}: ${answer?.problems.join(" ") || form.dataset.failed}`, false);
      done(Boolean(taken));
    });
    request.send(body);
  });
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = form.querySelector("button:not([type=button])");
  if (button.disabled) return;
  button.disabled = true;
  const left = new DataTransfer();
  for (const file of chosen.files) {
    if (!(await send(file))) left.items.add(file);
  }
  chosen.files = left.files; // what was not taken can be sent again
  button.disabled = false;
});
