"""Runs gcloud commands in forks of one process that has gcloud's modules loaded already.

Most of a short gcloud command is the start of Python and the import of its own modules. Here they are imported once; each
command is gcloud's own, unmodified main() in a process of its own, with the arguments, folder, environment and standard
streams of the caller. A command whose asker is killed is killed as well. Ends when standard input ends.

Usage: python -S server.py SDK_ROOT SOCKET
"""

import atexit
import gc
import importlib
import itertools
import json
import os
import selectors
import signal
import socket
import sys
import threading

# Nothing is written into the checkout; what gcloud imports may be compiled where it lies.
sys.dont_write_bytecode = True
from written_pages import WrittenPages  # noqa: E402

sys.dont_write_bytecode = False

SDK_ROOT, SOCKET = sys.argv[1:]
LIB = os.path.join(SDK_ROOT, 'lib')
# As lib/gcloud.py does it.
sys.path[:0] = [os.path.join(LIB, 'third_party'), LIB]

from googlecloudsdk import gcloud_main  # noqa: E402
from googlecloudsdk.core.configurations import named_configs  # noqa: E402

# A request is one message: this, in JSON, up to the zero byte, with the three standard streams beside it.
END = b'\0'
# Calliope names the modules of its commands after a random number.
UNIMPORTABLE = '__calliope__command__'


def receive(asker):
  """The request of an asker, and its standard streams; None when it is gone already."""
  data, streams, _, _ = socket.recv_fds(asker, 1 << 16, 3)
  while not data.endswith(END):
    more = asker.recv(1 << 16)
    if not more:
      return None, streams
    data += more
  return json.loads(data[:-1]), streams


def tell_modules(known, learned):
  """At a command's end: what it imported beyond so many modules goes to the server, which has it for the next one."""
  # The latest stand last; to look at all would write to the pages of some thousand names, which are then copied.
  latest = itertools.islice(reversed(sys.modules), max(0, len(sys.modules) - known))
  names = [n for n in latest if not n.startswith(UNIMPORTABLE)][::-1]
  if names:
    os.write(learned, json.dumps(names).encode() + b'\n')


def become_gcloud(request, streams, learned, pages, tells_pages):
  """In the fork: the rest of this process's life is the command. Does not return."""
  pages.copy()
  # Some commands start processes of their own, which have to end with them.
  os.setpgid(0, 0)
  signal.set_wakeup_fd(-1)
  signal.signal(signal.SIGCHLD, signal.SIG_DFL)
  for number, stream in enumerate(streams):
    os.dup2(stream, number)
    os.close(stream)
  os.chdir(request['folder'])
  os.environ.clear()
  os.environ.update(request['environment'])
  # A command before this one may have written the configuration that was read when the modules were loaded.
  named_configs.ActivePropertiesFile.Invalidate()
  sys.argv = [os.path.join(LIB, 'gcloud.py'), *request['arguments']]
  if tells_pages:
    atexit.register(pages.tell)
  atexit.register(tell_modules, len(sys.modules), learned)
  try:
    sys.exit(gcloud_main.main())
  except SystemExit as end:
    leave_at_once(end.code)


def leave_at_once(code):
  """Does what Python does at the end of a program, save for taking every loaded module apart."""
  threading._shutdown()  # pylint: disable=protected-access
  atexit._run_exitfuncs()  # pylint: disable=protected-access
  if isinstance(code, str):
    sys.stderr.write(f'{code}\n')
  sys.stdout.flush()
  sys.stderr.flush()
  os._exit(code if isinstance(code, int) else 0 if code is None else 1)


def kill_group(pid):
  """Ends a command and all that it started."""
  try:
    os.killpg(pid, signal.SIGKILL)
  except ProcessLookupError:
    # Forked a moment ago, and not yet the head of its group.
    os.kill(pid, signal.SIGKILL)


class Server:
  """The loop: askers come, commands end, askers go."""

  def __init__(self):
    self.selector = selectors.DefaultSelector()
    self.listener = socket.socket(socket.AF_UNIX)
    self.listener.bind(SOCKET)
    self.listener.listen(64)
    self.askers = {}  # by the process that works for them
    self.pages = WrittenPages(os.path.dirname(SOCKET))
    self.to_learn = []
    self.learned, self.learn = os.pipe()
    woken, wake = socket.socketpair()
    woken.setblocking(False)
    wake.setblocking(False)
    signal.set_wakeup_fd(wake.fileno(), warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    self.wake = wake
    self.kept = (woken, wake, self.listener)
    self.watch(self.listener, self.accept)
    self.watch(woken, lambda: (woken.recv(1 << 12), self.reap()))
    self.watch(self.learned, self.take_lesson)
    self.watch(sys.stdin, self.end)

  def watch(self, what, then):
    self.selector.register(what, selectors.EVENT_READ, then)

  def run(self):
    while True:
      ready = self.selector.select(0 if self.to_learn else None)
      for key, _ in ready:
        key.data()
      if not ready:
        self.import_next()

  def accept(self):
    asker, _ = self.listener.accept()
    request, streams = receive(asker)
    if request is None:
      asker.close()
    else:
      tells_pages = self.pages.will_tell()
      gc.freeze()
      pid = os.fork()
      if pid == 0:
        self.leave()
        asker.close()
        become_gcloud(request, streams, self.learn, self.pages, tells_pages)
      self.askers[pid] = asker
      # It says nothing more: when it can be read, it has gone.
      self.watch(asker, lambda: self.kill(pid))
    for stream in streams:
      os.close(stream)

  def leave(self):
    """In the fork: lets go of what only the server uses."""
    self.selector.close()
    for one in (*self.kept, *self.askers.values()):
      one.close()
    os.close(self.learned)

  def kill(self, pid):
    asker = self.askers.get(pid)
    if asker is not None:
      self.selector.unregister(asker)
      kill_group(pid)

  def end(self):
    for pid in self.askers:
      kill_group(pid)
    os._exit(0)

  def reap(self):
    while self.askers:
      pid, status = os.waitpid(-1, os.WNOHANG)
      if pid == 0:
        return
      asker = self.askers.pop(pid)
      self.pages.learn(pid)
      if asker.fileno() in self.selector.get_map():
        self.selector.unregister(asker)
      code = os.waitstatus_to_exitcode(status)
      try:
        asker.sendall(str(code if code >= 0 else 128 - code).encode())
      except OSError:
        pass
      asker.close()

  def take_lesson(self):
    for line in os.read(self.learned, 1 << 20).splitlines():
      try:
        self.to_learn += json.loads(line)
      except ValueError:
        # Longer than a pipe takes at once, and cut in two: those who come later tell it again.
        pass

  def import_next(self):
    """In a quiet moment, one module at a time, so that no one waits for long."""
    name = self.to_learn.pop(0)
    if name not in sys.modules:
      try:
        importlib.import_module(name)
      except Exception:  # pylint: disable=broad-except
        # Loaded under another name than its own, or only in its command's company.
        pass


if __name__ == '__main__':
  server = Server()
  print('listening', flush=True)
  server.run()
