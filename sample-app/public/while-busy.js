/** Runs the work of a button, one run at a time, and shows its errors. */
export async function whileBusy(button, status, text, work) {
  if (button.getAttribute('aria-disabled') === 'true') return;
  // `disabled` would take the focus from a keyboard user.
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
