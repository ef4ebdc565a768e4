<?php
// The routes of routes.js, on PHP's own sessions. Each request holds the lock of its session from session_start() to its end.
[, $route, $key] = array_pad(explode('/', parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH)), 3, '');
session_start();
header('content-type: application/json');
if ($_SERVER['REQUEST_METHOD'] === 'GET') {
    exit(json_encode(['hasSession' => true, 'values' => (object) $_SESSION]));
}
if ($_SERVER['REQUEST_METHOD'] === 'DELETE') {
    $_SESSION = [];
    session_destroy();
    setcookie(session_name(), '', 1, '/');
    exit('{"ok":true}');
}
if ($route === 'held') {
    // The app's process waits for the first file, and writes the second one.
    $gate = getenv('GATE');
    touch("$gate.loaded");
    while (!file_exists("$gate.open")) {
        usleep(1000);
        clearstatcache();
    }
    unlink("$gate.open");
} else {
    usleep(1000 * (int) ($_GET['wait'] ?? 0));
}
$_SESSION[$key] = $_GET['value'] ?? ($_SESSION[$key] ?? 0) + 1;
echo '{"ok":true}';
