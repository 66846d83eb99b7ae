"""A server that speaks OpenAI's chat completions, answers by a script, and writes down all that it is sent.

    python tests/model_server.py LOG SCRIPT...

Each word of the script is what it does with one call: `ok`, or a fault. After the last word it goes on with `ok`. The
first line on standard output is the port.
"""

import json
import re
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

LOG, SCRIPT = sys.argv[1], sys.argv[2:]
calls = active = 0


def words(text: str) -> set[str]:
    return set(re.findall("[a-z]+", text.lower()))


def answers(asked: dict, confidence: float = 0.9) -> list[dict]:
    """For every entry the code whose meaning shares most words with the text."""
    found = []
    for entry in asked["entries"]:
        said = words(entry["text"])
        best = {
            field: max(codes, key=lambda code: (len(said & words(codes[code])), code))
            for field, codes in asked["codes"].items()
        }
        found.append({"id": entry["id"], **best, "confidence": confidence})
    return found


def content_for(word: str, asked: dict) -> str:
    """What the answer says, by the word of the script."""
    found = answers(asked)
    if word == "partial":
        found = found[: len(found) // 2]
    if word == "foreign":
        found = [{**one, "activity": "A999", "task": "Z999"} for one in found]
    if word == "stranger":
        found = [{**one, "id": "zzz"} for one in found]
    if word == "twice":
        found = [*found, *({**one, "confidence": 1.0} for one in found)]
    if word == "boast":
        found = [{**one, "confidence": 99} for one in found]
    if word == "extra":
        found = [{**one, "approve": True} for one in found]
    text = json.dumps({"answers": found})
    return {"invalid": "Sure! Here are the codes: L120", "truncated": text[: len(text) // 2]}.get(word, text)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def do_POST(self):
        global active
        active += 1
        try:
            self.answer()
        finally:
            active -= 1

    def answer(self):
        global calls
        body = self.rfile.read(int(self.headers["Content-Length"]))
        word = SCRIPT[calls] if calls < len(SCRIPT) else "ok"
        calls += 1
        with open(LOG, "a", encoding="utf-8") as log:
            sent = {"path": self.path, "key": self.headers["Authorization"], "active": active, "body": body.decode()}
            log.write(json.dumps({**sent, "headers": str(self.headers)}) + "\n")
        if word.isdigit():
            return self.reply(int(word), {"error": {"message": f"fault, key {self.headers['Authorization']}"}})
        if word == "hang":
            time.sleep(30)
            return None
        if word == "slow":
            time.sleep(0.3)
        asked = json.loads(json.loads(body)["messages"][1]["content"])
        message = {"role": "assistant", "content": content_for(word, asked)}
        if word == "refusal":
            message = {"role": "assistant", "content": None, "refusal": "I cannot help with that."}
        usage = {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}
        if word == "lies":
            usage = {"prompt_tokens": -5, "completion_tokens": "many"}
        if word == "greedy":
            usage = {"prompt_tokens": 500_000, "completion_tokens": 20}
        reason = {"truncated": "length", "filtered": "content_filter"}.get(word, "stop")
        whole = {
            "id": "1",
            "object": "chat.completion",
            "choices": [{"index": 0, "message": message, "finish_reason": reason}],
            "usage": usage,
        }
        if word == "garbage":
            return self.send(200, b"<html>not what you asked for</html>")
        if word == "flood":
            whole["padding"] = "x" * (3 << 20)
        return self.reply(200, whole)

    def reply(self, status, whole):
        self.send(status, json.dumps(whole).encode())

    def send(self, status, data):
        try:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.send_header("Retry-After", "0")
            self.send_header("Location", "/v1/elsewhere")
            self.end_headers()
            self.wfile.write(data)
        except OSError:
            pass


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    print(server.server_address[1], flush=True)
    server.serve_forever()
