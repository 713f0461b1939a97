{
  "targets": [
    {
      "target_name": "barewire",
      "sources": ["native/barewire.c"],
      "cflags": ["-std=gnu11", "-O2", "-fvisibility=hidden"],
      "defines": [
        "BAREWIRE_SOURCE_SHA256=\"<!(node scripts/native/print-source-hash.mjs)\"",
      ],
    },
  ],
}
