"""Which memory commands write to, so that the next one need not be given it page by page.

A fork has its memory in common with its parent until it writes to it: then the kernel takes a fault and copies that page. In a
virtual machine the faults of one command took nearly half of its time. They are much the same for every command: what most of the
latest ones wrote to is copied in one go when the next one starts. On a system without /proc nothing is learned, and the kernel
copies as before.
"""

import array
import collections
import ctypes
import itertools
import os

SIZE = os.sysconf('SC_PAGE_SIZE')
# https://man7.org/linux/man-pages/man2/madvise.2.html: since Linux 5.14; an older one refuses, and copies at the fault.
POPULATE_WRITE = 23
# Of an entry of https://docs.kernel.org/admin-guide/mm/pagemap.html: present, and mapped by this process alone.
OWN = 1 << 63 | 1 << 56
PAGEMAP = '/proc/self/pagemap'
# One command of so many tells its pages, and so many of those are looked at.
EVERY = 8
SAMPLES = 5


class WrittenPages:
  """The pages that most commands wrote to, as the server knows them."""

  def __init__(self, folder):
    self.folder = folder
    self.madvise = ctypes.CDLL(None).madvise
    self.madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    self.commands = 0
    self.samples = collections.deque(maxlen=SAMPLES)
    self.ranges = []

  def will_tell(self):
    """Before a fork: whether this command tells its pages."""
    self.commands += 1
    return self.commands % EVERY == 1 and os.path.exists(PAGEMAP)

  def copy(self):
    """In the fork: copies them."""
    for address, size in self.ranges:
      self.madvise(address, size, POPULATE_WRITE)

  def tell(self):
    """At the end of the fork: writes down which pages are its own by now."""
    own = array.array('Q')
    with open('/proc/self/maps') as maps, open(PAGEMAP, 'rb') as pagemap:
      for line in maps:
        where, rights = line.split(' ', 2)[:2]
        if rights == 'rw-p':
          first, end = (int(one, 16) // SIZE for one in where.split('-'))
          pagemap.seek(first * 8)
          entries = array.array('Q', pagemap.read((end - first) * 8))
          own.extend(first + i for i, entry in enumerate(entries) if entry & OWN == OWN)
    with open(self.file_of(os.getpid()), 'wb') as file:
      own.tofile(file)

  def learn(self, pid):
    """In the server, at a command's end."""
    try:
      with open(self.file_of(pid), 'rb') as file:
        self.samples.append(frozenset(array.array('Q', file.read())))
    except (FileNotFoundError, ValueError):
      # It does not tell, or was killed before or while it did.
      return
    os.unlink(self.file_of(pid))
    counts = collections.Counter(itertools.chain.from_iterable(self.samples))
    self.ranges = []
    for page in sorted(page for page, count in counts.items() if count * 2 > len(self.samples)):
      if self.ranges and sum(self.ranges[-1]) == page * SIZE:
        self.ranges[-1] = (self.ranges[-1][0], self.ranges[-1][1] + SIZE)
      else:
        self.ranges.append((page * SIZE, SIZE))

  def file_of(self, pid):
    return os.path.join(self.folder, f'pages-{pid}')
