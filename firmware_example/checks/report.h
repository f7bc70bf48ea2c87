/* Numbers for whoever reads a check's output. */
#ifndef REPORT_H
#define REPORT_H

#include "board.h"

static inline void report_number(int32_t number) {
  char digits[12], *at = digits + sizeof digits - 1;
  uint32_t left = number < 0 ? 0u - (uint32_t)number : (uint32_t)number;
  *at = 0;
  do *--at = (char)('0' + left % 10);
  while (left /= 10);
  if (number < 0) *--at = '-';
  board_write(at);
}

static inline void report(const char *name, int32_t number) {
  board_write(name);
  report_number(number);
}

static inline void report_row(const char *name, const int8_t *values, unsigned count) {
  board_write(name);
  for (unsigned index = 0; index < count; ++index) report(index ? " " : "", values[index]);
}

#endif
