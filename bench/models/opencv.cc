// A frozen network in OpenCV's DNN module:  models_opencv FOLDER BATCH THREADS [SECONDS]
#include <cstdlib>
#include <opencv2/core.hpp>
#include <opencv2/dnn.hpp>

#include "bench/models/problem.h"

int main(int argc, char** argv) {
  using tfpersist::bench::Die;
  if (argc < 4) Die("usage: models_opencv FOLDER BATCH THREADS [SECONDS]");
  const tfpersist::bench::Problem problem(argv[1], std::atoi(argv[2]), std::atoi(argv[3]),
                                          argc > 4 ? std::atof(argv[4]) : 1);
  const auto& input = problem.inputs()[0];
  if (problem.inputs().size() > 1 || input.ids || input.dims.size() != 4) Die("OpenCV: images only");
  cv::setNumThreads(problem.threads());
  // NCHW, as its own blobFromImage makes it.
  const int batch = static_cast<int>(input.dims[0]), height = static_cast<int>(input.dims[1]),
            width = static_cast<int>(input.dims[2]), channels = static_cast<int>(input.dims[3]);
  const int sizes[] = {batch, channels, height, width};
  cv::Mat blob(4, sizes, CV_32F);
  const float* from = reinterpret_cast<const float*>(input.bytes.data());
  float* to = blob.ptr<float>();
  const int area = height * width;
  for (int n = 0; n < batch; ++n) {
    for (int p = 0; p < area; ++p) {
      for (int c = 0; c < channels; ++c) to[(n * channels + c) * area + p] = from[(n * area + p) * channels + c];
    }
  }
  cv::dnn::Net net;
  try {
    problem.Measure(
        CV_VERSION,
        [&] {
          net = cv::dnn::readNetFromTensorflow(problem.file());
          net.setPreferableBackend(cv::dnn::DNN_BACKEND_OPENCV);
        },
        [&](bool check) {
          net.setInput(blob, input.name);
          const cv::Mat value = net.forward(problem.output());
          if (check) problem.Check(value.ptr<float>(), value.total());
        });
  } catch (const cv::Exception& e) {
    tfpersist::bench::CannotRun(e.what());
  }
}
