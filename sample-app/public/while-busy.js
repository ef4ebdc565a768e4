/** Runs work that a button starts: once at a time, and with a word for what goes wrong. */
export async function whileBusy(button, status, text, work) {
  if (button.getAttribute('aria-disabled') === 'true') return;
  // Not `disabled`: that takes the focus away from who uses the keyboard.
  button.setAttribute('aria-disabled', 'true');
  status.textContent = text;
  try {
    status.textContent = await work();
  } catch (error) {
    status.textContent = `That went wrong: ${error.message}`;
  } finally {
    button.removeAttribute('aria-disabled');
  }
}
