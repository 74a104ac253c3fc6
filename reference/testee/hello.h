// What the testee says about itself (PROTOCOL.md 1).
#ifndef TFPERSIST_REFERENCE_TESTEE_HELLO_H_
#define TFPERSIST_REFERENCE_TESTEE_HELLO_H_

#include <string>

#include "reference/testee/args.h"

namespace tfpersist::testee {

Json Hello();
// Empty if the case's steps and needs are within what Hello() says.
std::string WhyUnsupported(const Json& one_case);

}  // namespace tfpersist::testee

#endif  // TFPERSIST_REFERENCE_TESTEE_HELLO_H_
