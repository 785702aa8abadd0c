const list = document.getElementById("notes");
const message = document.getElementById("message");

async function call(name, args) {
  const answer = await fetch(`/rest/v1/rpc/${name}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(args),
  });
  const body = await answer.json();
  if (!answer.ok) throw new Error(body.message);
  return body;
}

async function show() {
  const notes = await call("notes", {});
  list.replaceChildren(...notes.map((note) => {
    const item = document.createElement("li");
    item.textContent = note.body;
    return item;
  }));
}

document.getElementById("add").addEventListener("submit", async (event) => {
  event.preventDefault();
  message.textContent = "";
  const form = event.target;
  try {
    await call("add_note", { body: form.body.value });
    form.reset();
    await show();
  } catch (error) {
    message.textContent = error.message;
  }
});

show().catch((error) => { message.textContent = error.message; });
