/* The file that the program's arguments name, on the host. */
#ifndef HOST_FILE_H
#define HOST_FILE_H

#include "board.h"

/* Opens it, or says that there is none and answers below 0. `memory` holds its name for a moment. */
static inline int open_host_file(void *memory, size_t bytes) {
  board_command_line(memory, bytes);
  const int file = board_open(memory);
  if (file < 0) board_write("no such file\n");
  return file;
}

#endif
