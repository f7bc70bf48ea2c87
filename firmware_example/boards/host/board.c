/* This machine in place of a board: time instead of instructions, and files as they are. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "board.h"

enum { FILES = 4 };
static FILE *files[FILES];
static int opened;

const char board_name[] = BOARD_NAME;
const uint32_t board_instructions_per_tick = 0; /* they are not counted */

uint32_t board_ticks(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint32_t)now.tv_sec * 1000000u + (uint32_t)(now.tv_nsec / 1000);
}

void board_write(const char *text) { fputs(text, stdout); }

void board_exit(int code) { exit(code); }

uint32_t board_stack_bytes(void) { return 0; /* unknown */ }

int board_open(const char *path) {
  if (opened == FILES || !(files[opened] = fopen(path, "rb"))) return -1;
  return opened++;
}

size_t board_read(int file, void *to, size_t bytes) { return fread(to, 1, bytes, files[file]); }

void board_command_line(char *to, size_t bytes) { /* the first argument */
  FILE *words = fopen("/proc/self/cmdline", "rb");
  size_t at = 0;
  int word = 0, letter;
  while (words && (letter = fgetc(words)) != EOF && at + 1 < bytes) {
    if (word == 1 && letter) to[at++] = (char)letter;
    word += letter == 0;
  }
  to[at] = 0;
  if (words) fclose(words);
}
